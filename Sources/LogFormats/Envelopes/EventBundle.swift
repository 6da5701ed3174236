/// An object that carries many lines: what log services hand out at once.
///
/// CloudWatch's subscriptions (`logEvents`) and `get-log-events` (`events`), each element with a `message`; Loki's pushes (`streams`) and
/// answers (`data.result`), each with `values` of instant and line; Elasticsearch's answers (`hits.hits`), each element an envelope.
enum EventBundle {
    /// The bytes of each line or object, strings with their quotes, in the order in which they stand; nil when it is no bundle.
    static func pieces(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> [UnsafeRawBufferPointer]? {
        guard marks.contains(where: { ByteSearch.first($0, start, end) != nil }), let root = try? JSONTree.read(start, end) else {
            return nil
        }
        for key in ["logEvents", "events"] {
            if let events = root[key]?.elements { return events.compactMap { $0["message"]?.raw ?? $0.raw } }
        }
        if let streams = root["streams"]?.elements ?? root["data"]?["result"]?.elements {
            return streams.flatMap { stream in
                (stream["values"]?.elements ?? []).compactMap { value in
                    guard let pair = value.elements, pair.count >= 2 else { return value.raw }
                    return pair[1].raw
                }
            }
        }
        return root["hits"]?["hits"]?.elements.map { $0.map(\.raw) }
    }

    private static let marks: [StaticString] = ["\"logEvents\"", "\"events\"", "\"values\"", "\"streams\"", "\"hits\""]
}

extension JSONTree {
    fileprivate subscript(_ key: String) -> JSONTree? {
        guard case .object(let members) = value else { return nil }
        return members.first { $0.key == key }?.value
    }

    fileprivate var elements: [JSONTree]? {
        guard case .array(let elements) = value else { return nil }
        return elements
    }
}
