import FlowModel

/// Answers of the DNS filter.
enum NameFilteringReader: ExportedObject {
    static let eventType = "dns_filtering"
    static let marks: [Field] = [.domain, .status]

    static func read(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, into batch: RecordBatch
    ) throws(Rejection) {
        batch.nameQueries.append(try read(start, end, place, batch))
    }

    static func read(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch
    ) throws(Rejection) -> NameQuery {
        let tree = try JSONTree.read(start, end)
        guard var root = try ObjectReader(tree, path: "") else { throw Rejection(.notAnEvent, "no object") }
        _ = root.take("event_type")
        var query = NameQuery(time: try ForeignTime.read(&root))
        guard let domain = try root.text("domain") else { throw Rejection(.missingField, "`domain` is missing") }
        query.domain = batch.symbol(domain)
        query.root = batch.symbol(try root.text("root"))
        query.status = batch.symbol(try root.text("status"))
        query.reasons = try reasons(root.take("reasons")).map { batch.symbol($0) }
        var rest: [String] = []
        if var device = try ObjectReader(root.take("device"), path: "device") {
            query.deviceID = batch.symbol(try device.identifier("id"))
            query.deviceName = batch.symbol(try device.text("name"))
            rest += device.rest
        }
        if var connection = try ObjectReader(root.take("connection"), path: "connection") {
            query.queryProtocol = batch.symbol(try connection.text("protocol"))
            if let client = try connection.text("client_ip"), !client.isEmpty {
                var copy = client
                let endpoint = copy.withUTF8 { AddressScan.endpoint(UnsafeRawBufferPointer($0)) }
                guard let endpoint else { throw Rejection(.badValue, "`connection.client_ip` is not an IP address") }
                (query.clientIP, query.clientPort) = endpoint
            }
            rest += connection.rest
        }
        query.offset = place.offset
        query.line = place.line
        query.extras = batch.keep(root.rest + rest)
        return query
    }

    /// Texts, or objects with a `name` or at least an `id`.
    private static func reasons(_ tree: JSONTree?) throws(Rejection) -> [String] {
        guard let tree else { return [] }
        switch tree.value {
        case .null: return []
        case .array(let elements):
            var texts: [String] = []
            for (index, element) in elements.enumerated() {
                if case .string(let text) = element.value {
                    texts.append(text)
                } else if var object = try ObjectReader(element, path: "reasons[\(index)]") {
                    let name = try object.text("name")
                    let id = try object.identifier("id")
                    if let text = name ?? id { texts.append(text) }
                }
            }
            return texts
        default: throw Rejection(.wrongType, "`reasons` is not an array")
        }
    }
}
