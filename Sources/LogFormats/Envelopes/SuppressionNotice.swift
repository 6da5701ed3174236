import FlowModel

/// What a system's logger writes into the log when it drops messages: journald and rsyslog limit the rate of a service.
///
///     systemd-journald[300]: Suppressed 312 messages from twingate-connector.service
///     rsyslogd: imjournal: 4321 messages lost due to rate-limiting
///     rsyslogd: imuxsock lost 12 messages from pid 812 due to rate-limiting
///     rsyslogd: imuxsock begins to drop messages from pid 812 due to rate-limiting
struct SuppressionNotice {
    /// Messages that were dropped; nil where the notice does not say.
    var count: UInt64?
    var text: String

    /// Nil when the text says nothing of that kind.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, let found = ByteSearch.first("messages", base, base + bytes.count) else { return nil }
        let at = found - base
        let text = String(decoding: bytes.prefix(QuarantinedLine.maxRawLength), as: UTF8.self)
        let before = bytes[..<at].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        let number = before.last.flatMap { UInt64($0) }
        let isLimited = text.contains("rate-limiting") || text.contains("imuxsock") || text.contains("imjournal")
        if before.count >= 2, number != nil, before[before.count - 2].hasSuffix("Suppressed") {
            count = number
        } else if isLimited, text.contains(" lost") || text.contains("drop messages") {
            count = number
        } else {
            return nil
        }
        if let count, count > UInt64(ValueRanges.count.upperBound) { self.count = nil }
        self.text = text
    }

    /// When the line was written, where it says so in full: an instant at its beginning, or one of the members that envelopes have.
    static func time(of line: UnsafeRawBufferPointer) -> Timestamp? {
        guard let base = line.baseAddress else { return nil }
        if base.load(as: UInt8.self) != UInt8(ascii: "{") {
            // RFC 5424 has its priority and version before the instant.
            for word in line.prefix(80).split(separator: 0x20).prefix(2) {
                if let time = Timestamp.parse(UnsafeRawBufferPointer(rebasing: word)), time.isInRange { return time }
            }
            return nil
        }
        guard let tree = try? JSONTree.read(base, base + line.count), var object = try? ObjectReader(tree, path: "") else { return nil }
        if let text = try? object.text("__REALTIME_TIMESTAMP"), let microseconds = Int64(text) {
            let time = Timestamp(milliseconds: microseconds / 1_000)
            if time.isInRange { return time }
        }
        for key in ["time", "@timestamp", "timestamp"] {
            if let text = try? object.text(key), let time = Timestamp(text), time.isInRange { return time }
        }
        return nil
    }
}
