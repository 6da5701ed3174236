import FlowModel
import TextEncodings

/// The journal's own records.
extension JournalWriter {
    func addLossRecord() {
        guard let lost else { return }
        let record = JSONWriter.object(.record) { json in
            json.member("event_type", "records_lost")
            json.member("timestamp", clock().milliseconds)
            json.member("count", lost.count)
            json.member("since", lost.since.milliseconds)
            json.member("until", lost.until.milliseconds)
            json.member("reason", lost.reason)
        }
        add(own: record)
        self.lost = nil
    }

    func addSealRecord() {
        for head in pipeline.takeSeals() {
            let record = JSONWriter.object(.record) { json in
                json.member("event_type", "journal_sealed")
                json.member("timestamp", clock().milliseconds)
                JournalWriter.write(head, into: &json)
                json.member("key_id", options.key?.verifier.keyIDText)
            }
            add(own: record)
        }
    }

    private static func write(_ head: TreeHead, into json: inout JSONWriter) {
        json.object("checkpoint") {
            $0.member("size", head.size)
            $0.member("root", head.root.base64)
        }
    }

    func opened(_ identity: JournalIdentity, id: String, previous: TreeHead?) -> [UInt8] {
        JSONWriter.object(.record) { json in
            json.member("event_type", "journal_opened")
            json.member("timestamp", clock().milliseconds)
            json.object("journal") {
                $0.member("format", Int(FrameHeader.currentVersion))
                $0.member("origin", origin)
                $0.member("run", id)
            }
            if let connector = identity.connector {
                json.object("connector") {
                    $0.member("id", connector.id)
                    $0.member("name", connector.name)
                }
            }
            if let network = identity.network {
                json.object("remote_network") {
                    $0.member("id", network.id)
                    $0.member("name", network.name)
                }
            }
            json.member("software", identity.software)
            json.member("host", identity.host)
            json.member("sync", options.sync.rawValue)
            json.member("key_id", options.key?.verifier.keyIDText)
            json.member("key_name", options.key?.verifier.name)
            if let previous { JournalWriter.write(previous, into: &json) }
        }
    }

    func closed() -> [UInt8] {
        JSONWriter.object(.record) { json in
            json.member("event_type", "journal_closed")
            json.member("timestamp", clock().milliseconds)
            json.member("records", recordCount + 1)
            json.member("lost", lostCount)
            for total in closingTotals { json.member(total.name.description, total.count) }
        }
    }

    static func recovered(_ recovered: JournalOpening.Recovered, _ now: Timestamp) -> [UInt8] {
        JSONWriter.object(.record) { json in
            json.member("event_type", "journal_recovered")
            json.member("timestamp", now.milliseconds)
            json.member("file", recovered.file)
            json.member("offset", recovered.offset)
            json.member("bytes", recovered.bytes)
            json.member("moved_to", recovered.movedTo)
        }
    }

    /// 64 random bits tell runs of one journal apart.
    static func randomID() -> String {
        Hexadecimal.text(UInt64.random(in: .min ... .max))
    }
}
