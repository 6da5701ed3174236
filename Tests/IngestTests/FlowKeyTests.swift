import Testing

@testable import FlowStore

/// Keys of dictionaries are put down as the memory that they are.
@Suite struct FlowKeyTests {
    private func check<Key: TupleKey>(_: Key.Type) {
        #expect(MemoryLayout<Key>.size == Key.columns.count * MemoryLayout<Int64>.size)
        let fields = Mirror(reflecting: Key()).children
        #expect(fields.count == Key.columns.count)
        for (field, column) in zip(fields, Key.columns) {
            #expect(field.value is Int64)
            // `principalID` is `principal_id`; an aggregate's keys are numbers of rows, and a protocol's word is taken in Swift.
            let name = (field.label ?? "").replacing(/ID$/, with: "Id").replacing(/IP$/, with: "Ip")
                .replacing(/[A-Z]/) { "_" + $0.output.lowercased() }
            #expect(name == column || name + "_id" == column || (name, column) == ("transport", "protocol"))
        }
        var words = [Int64](repeating: 7, count: Key.columns.count + 1)
        Key().write(to: &words)
        #expect(words.last == 7)
        #expect(words.dropLast().allSatisfy { $0 == 0 || $0 == -1 })
    }

    @Test("a key has one 64-bit integer for each column, in the order of the columns")
    func layout() {
        check(ClientKey.self)
        check(DestinationKey.self)
        check(RouteKey.self)
        check(RemarkKey.self)
        check(AggregateKey.self)
    }
}
