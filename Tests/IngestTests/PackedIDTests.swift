import FlowModel
import FlowStore
import Ingest
import Testing

/// Connection ids of every form come out of the database as they went in.
struct PackedIDTests {
    static let ids = [
        "e755ba99988db558-24", "e755ba99988db558-1234567", "e755ba99988db558-12345678", "e755ba99988db558-007", "E755BA99988DB558-24",
        "e755ba99988db558-", "e755ba99988db558-2a", "01234567-89ab-cdef", "01234567-89AB-cdef", "0123456-789ab-cdef",
        "00000000-0000-0000-0000-000000000000", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
        "2139eb38-eb7143eb-6-600000f-65044805-8a752", "x", "é-é", String(repeating: "a", count: 63),
    ]

    @Test(arguments: ids)
    func roundTrip(id: String) throws {
        let store = try Store()
        let line =
            #"{"event_type":"denied_access","timestamp":1760000000000,"connection":{"id":"\#(id)"},"connector":{"id":"1"}}"#
        try store.ingest([line])
        try store.ingest(["a line of a service log", line])
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        let traces = try TraceQuestion(.connection(id)).ask(database).traces
        #expect(traces.compactMap { $0.text("connection_id") } == [id])
    }

    @Test("every prefix and every changed character of an id is an id of its own")
    func neighbours() throws {
        let store = try Store()
        let whole = Array("e755ba99988db558-24")
        var ids: Set<String> = []
        for length in 1...whole.count { ids.insert(String(whole[..<length])) }
        for place in whole.indices {
            for character in "0a-Fg9" {
                var changed = whole
                changed[place] = character
                ids.insert(String(changed))
            }
        }
        try store.ingest(
            ids.sorted().map {
                #"{"event_type":"denied_access","timestamp":1760000000000,"connection":{"id":"\#($0)"},"connector":{"id":"1"}}"#
            })
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        for id in ids {
            let traces = try TraceQuestion(.connection(id)).ask(database).traces
            // Digits alone name the number of a flow on the command line, not here.
            #expect(traces.compactMap { $0.text("connection_id") } == [id])
        }
    }
}
