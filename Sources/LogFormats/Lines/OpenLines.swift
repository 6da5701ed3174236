/// Messages of container runtimes whose lines have not all come yet, one for each of the two streams.
struct OpenLines {
    enum Kind {
        /// The runtime says that more follows.
        case tagged
        /// The text was cut without a word.
        case untagged
    }

    struct Message {
        var kind: Kind
        var bytes: ByteBuffer
        var place: Place
        var textIsNoise: Bool
    }

    private var messages: [Message?] = [nil, nil]
    private(set) var count = 0

    func deallocate() {
        for message in messages { message?.bytes.deallocate() }
    }

    /// The streams that have an open message.
    var streams: [Int] { messages.indices.filter { messages[$0] != nil } }

    var oldest: Place? { count == 0 ? nil : messages.compactMap { $0?.place }.min { $0.offset < $1.offset } }

    var hasUntagged: Bool { messages.contains { $0?.kind == .untagged } }

    func kind(_ stream: Int) -> Kind? { messages[stream]?.kind }

    func place(_ stream: Int) -> Place? { messages[stream]?.place }

    /// There must be no open message in the stream.
    mutating func begin(
        _ stream: Int, _ kind: Kind, _ text: UnsafeRawBufferPointer, _ place: Place, _ textIsNoise: Bool
    ) {
        var bytes = ByteBuffer(capacity: max(text.count, 32_768))
        if let base = text.baseAddress { bytes.append(base, text.count) }
        messages[stream] = Message(kind: kind, bytes: bytes, place: place, textIsNoise: textIsNoise)
        count = streams.count
    }

    /// Of a message that grows beyond the longest line no more is kept than shows it.
    mutating func append(_ stream: Int, _ start: UnsafeRawPointer, _ length: Int) {
        guard let room = messages[stream].map({ LineLimits.maxLineLength + 1 - $0.bytes.count }), room > 0 else { return }
        messages[stream]?.bytes.append(start, min(room, length))
    }

    /// The message, which is open no more; its bytes are the caller's to free.
    mutating func take(_ stream: Int) -> Message? {
        defer {
            messages[stream] = nil
            count = streams.count
        }
        return messages[stream]
    }

    mutating func removeAll() {
        deallocate()
        messages = [nil, nil]
        count = 0
    }
}
