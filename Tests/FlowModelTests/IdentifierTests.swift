import FlowModel
import Testing

@Suite struct GlobalIDTests {
    @Test(arguments: [
        ("UmVzb3VyY2U6MzQwNDQ3", "Resource", "340447"), ("VXNlcjo3MTAw", "User", "7100"), ("R3JvdXA6NzMwMA==", "Group", "7300"),
        ("RGV2aWNlOjE=", "Device", "1"),
    ])
    func known(_ text: String, _ type: String, _ id: String) {
        let decoded = GlobalID.decode(text)
        #expect((decoded?.type, decoded?.id) == (type, id))
        #expect(GlobalID.encode(type: type, id: id) == text)
        #expect(GlobalID.decimal(text) == id)
    }

    @Test(arguments: [
        "", "7100", "VXNlcjo3MTAw=", "VXNlcjo3MTA", "VXNlcg==", "VXNlcjo=", "OjcxMDA=", "VXNlcjp4", "V XNlcjo3MTAw",
        "RGV2aWNlOj139286",
        "R3JvdXA6NzMwMB==", "R3JvdXA6NzMwMA=A", "====", "VXNlci03MTAw", "VXNlcjo3MTAw\n", "VTE6Nw==",
    ])
    func others(_ text: String) {
        #expect(GlobalID.decode(text) == nil)
        #expect(GlobalID.decimal(text) == text)
    }

    @Test func inverse() {
        var dice = Dice(14)
        for _ in 0..<5_000 {
            let type = (0...dice.below(12)).map { _ in dice.pick(["A", "z", "Resource", "q"]) }.joined()
            let id = String(dice.next() >> UInt64(dice.below(64)))
            let back = GlobalID.decode(GlobalID.encode(type: type, id: id))
            #expect((back?.type, back?.id) == (type, id))
        }
    }
}

@Suite struct ConnectionIDTests {
    @Test func limits() {
        #expect(ConnectionID().isEmpty)
        #expect(ConnectionID("") == ConnectionID())
        #expect(ConnectionID("")?.text == "")
        let longest = String(repeating: "x", count: ConnectionID.maxLength)
        #expect(ConnectionID(longest)?.text == longest)
        #expect(ConnectionID(longest)?.count == 63)
        #expect(ConnectionID(longest + "x") == nil)
        #expect(ConnectionID("2139eb38-eb7143eb-6-600000f-65044805-8a752")?.text == "2139eb38-eb7143eb-6-600000f-65044805-8a752")
    }

    /// Equal texts are equal ids with equal hashes, unequal ones are not.
    @Test func identity() {
        var dice = Dice(15)
        var seen: [String: ConnectionID] = [:]
        for _ in 0..<5_000 {
            let text = (0..<dice.below(64)).map { _ in dice.pick(["a", "b"]) }.joined()
            guard let id = ConnectionID(text) else { continue }
            #expect(id.text == text)
            if let earlier = seen[text] {
                #expect(earlier == id)
                #expect(earlier.hashValue == id.hashValue)
            }
            seen[text] = id
        }
        #expect(Set(seen.values).count == seen.count)
    }
}

@Suite struct SymbolTableTests {
    @Test func reserved() {
        let table = SymbolTable()
        #expect(table.count == 2)
        #expect(table.intern("") == .empty)
        #expect(table.text(of: .empty) == "")
        #expect(table.text(of: .none) == nil)
        #expect(table.bytes(of: .none).isEmpty)
        #expect(table.intern("a").rawValue == 2)
        #expect(Symbol.none.isNone && !Symbol.empty.isNone)
    }

    /// A table is a dictionary and its inverse, whatever the texts' lengths, through all growth.
    @Test(arguments: [0, 1, 42, UInt64.max])
    func model(_ seed: UInt64) {
        var dice = Dice(seed | 2)
        let table = SymbolTable(seed: seed)
        var model: [String: Symbol] = [:]
        for step in 0..<60_000 {
            let text =
                switch dice.below(4) {
                case 0: "\(dice.below(5_000))"
                case 1: String(repeating: dice.pick(["a", "\u{0}", "é"]), count: dice.below(40))
                case 2: "user\(dice.below(40_000))@harbour.example"
                default: String(decoding: (0..<dice.below(20)).map { _ in UInt8(dice.below(3)) }, as: UTF8.self)
                }
            let symbol = table.intern(text)
            if let earlier = model[text] {
                guard symbol == earlier else {
                    Issue.record("`\(text)` has two symbols")
                    return
                }
            } else {
                guard text.isEmpty ? symbol == .empty : Int(symbol.rawValue) == table.count - 1 else {
                    Issue.record("`\(text)` got the symbol of another text at step \(step)")
                    return
                }
                model[text] = symbol
            }
        }
        for (text, symbol) in model where table.text(of: symbol) != text {
            Issue.record("\(symbol) is not `\(text)`")
            return
        }
        #expect(table.count == model.count + 1 + (model[""] == nil ? 1 : 0))
    }

    @Test func emptied() {
        let table = SymbolTable(seed: 7)
        for number in 0..<5_000 { _ = table.intern("text \(number)") }
        #expect(table.generation == 0)
        table.removeAll()
        #expect((table.count, table.generation) == (2, 1))
        #expect(table.intern("text 4999").rawValue == 2)
        #expect(table.intern("text 4999").rawValue == 2)
        #expect(table.text(of: Symbol(rawValue: 2)) == "text 4999")
    }

    /// The hash of a text is the same in one go and word by word, and finding is interning without adding.
    @Test func hashing() {
        var dice = Dice(16)
        for _ in 0..<3_000 {
            let bytes = (0...dice.below(40)).map { _ in UInt8(dice.below(256)) }
            let seed = dice.next()
            bytes.withUnsafeBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                var state = SymbolStorage.start(seed)
                var offset = 0
                while bytes.count - offset >= 8 {
                    state = SymbolStorage.step(
                        state, base.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian, seed)
                    offset += 8
                }
                var rest: UInt64 = 0
                for (index, byte) in bytes[offset...].enumerated() { rest |= UInt64(byte) << UInt64(8 * index) }
                let hash = SymbolStorage.hash(base, bytes.count, seed)
                #expect(hash == SymbolStorage.finish(state, rest, bytes.count, seed))
                let table = SymbolTable(seed: seed)
                #expect(table.storage.pointee.find(base, bytes.count, hash) == .none)
                let symbol = table.intern(buffer)
                #expect(table.storage.pointee.find(base, bytes.count, hash) == symbol)
                #expect(table.bytes(of: symbol).elementsEqual(buffer))
            }
        }
    }

    /// Ill-formed bytes are kept as they are, and shown repaired.
    @Test func illFormed() {
        let table = SymbolTable()
        let symbol = [UInt8(0x61), 0xff].withUnsafeBytes { table.intern($0) }
        #expect(table.bytes(of: symbol).elementsEqual([0x61, 0xff]))
        #expect(table.text(of: symbol) == "a\u{fffd}")
    }
}

@Suite struct ByteComparisonTests {
    @Test func equality() {
        var dice = Dice(17)
        for _ in 0..<10_000 {
            let left = (0..<dice.below(40)).map { _ in UInt8(dice.below(2)) }
            var right = left
            if dice.below(2) == 0, !right.isEmpty { right[dice.below(right.count)] ^= UInt8(1 << dice.below(8)) }
            // One byte more, so that there always is an address.
            (left + [0]).withUnsafeBytes { a in
                (right + [1]).withUnsafeBytes { b in
                    guard let a = a.baseAddress, let b = b.baseAddress else { return }
                    #expect(ByteComparison.equal(a, b, left.count) == (left == right))
                }
            }
        }
    }
}
