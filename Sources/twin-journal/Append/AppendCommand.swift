import ArgumentParser
import FlowJournal
import FlowModel
import TerminalSupport
import Wording

struct AppendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append",
        abstract: "Make a journal of the events in a Connector's log.",
        discussion: """
            Reads standard input, or a file that grows with --follow, peels events out of whatever envelope the log has (plain, journald, \
            syslog, Docker, Kubernetes), and appends them to the journal in DIR, which is made when it does not exist. Lines without an \
            event are counted; lines that look like an event and are none are journaled as `unreadable_line`.

            A record is acknowledged when its frame is on disk. On a full disk, records from standard input are lost until there is space \
            again; their number is journaled and the exit status is 4. From a followed file nothing is lost: it is read on later. \
            SIGTERM and SIGINT end it in order.

            Examples:
              journalctl -fu twingate-connector | twin-journal append /var/lib/twin-journal/office --key office.key
              twin-journal append /var/lib/twin-journal/office --key office.key --follow /var/log/connector.log
            """)

    @Argument(help: "The journal's directory.")
    var journal: String

    @Option(help: ArgumentHelp("Private key that signs checkpoints, as `keygen` makes it.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Private key that the journal was written with before: a checkpoint signed by both hands it over to --key.", valueName: "file"))
    var previousKey: String?

    @Option(help: ArgumentHelp("Follow this file through rotation instead of reading standard input.", valueName: "file"))
    var follow: String?

    @Flag(help: "With --follow: stop at the end of the file instead of waiting for more.")
    var once = false

    @OptionGroup var writing: WritingOptions

    @Flag(
        help:
            "Print a line `{\"seq\":…,\"line\":…}` whenever records became durable: the last sequence, and the last input line it came from."
    )
    var acknowledge = false

    @Flag(help: "Exit with status 3 when a line was unreadable.")
    var strict = false

    @Flag(name: .shortAndLong, help: "No summary.")
    var quiet = false

    func validate() throws {
        if once, follow == nil { throw ValidationError("--once needs --follow") }
        if previousKey != nil, key == nil { throw ValidationError("--previous-key needs --key") }
    }

    func run() throws {
        StopSignal.watch()
        var options = try writing.options(key: key)
        options.previousKey = try previousKey.map(KeyArgument.signer)
        let writer = try JournalWriter(directory: journal, options: options, identity: writing.identity, clock: { Present.now })
        if let replaced = writer.replacedKeyID {
            Message.warning(
                "`\(Escaping.terminal(journal))` was written with the key \(replaced) before; without --previous-key, whoever verifies must "
                    + "state that the new key speaks for it (`--key FILE:\(Escaping.terminal(writer.origin))`)")
        }
        if writer.recoveredBytes > 0, !quiet {
            Message.warning(
                "\(writer.recoveredBytes) bytes of an interrupted frame were moved to `\(Escaping.terminal(journal))/torn`")
        }
        let session = AppendSession(writer, acknowledges: acknowledge, keepsRecords: follow != nil)
        var failure: (any Error)?
        do {
            if let follow {
                try FileFollower(path: follow, session: session, stopsAtEnd: once).run()
            } else {
                try StandardInput.run(session)
            }
        } catch {
            failure = error
        }
        do {
            try session.finish()
        } catch {
            failure = failure ?? error
        }
        if !quiet { Message.write(session.summary(journal)) }
        if let failure { throw failure }
        if writer.lostCount > 0 {
            throw CommandFailure(.environment, "\(writer.lostCount) records were lost because the journal could not be written")
        }
        if strict, session.unreadable > 0 { throw CommandFailure(.inputRefused, "\(session.unreadable) lines were unreadable") }
    }
}

/// How the journal is written, and who writes it.
struct WritingOptions: ParsableArguments {
    @Option(help: "When bytes are made durable: frame (before a record is acknowledged), segment, or none.")
    var sync = SyncMode.frame

    @Option(help: ArgumentHelp("zlib level, 0 to 9.", valueName: "0-9"))
    var level = JournalOptions.defaultLevel

    @Option(help: ArgumentHelp("Inflated size at which a frame is cut, at most 1m.", valueName: "bytes"))
    var frameSize = ByteCount(bytes: UInt64(JournalOptions.defaultFrameBytes))

    @Option(help: ArgumentHelp("Age of its oldest record at which a frame is cut.", valueName: "span"))
    var frameAge = TimeSpan(milliseconds: JournalOptions.defaultFrameAgeMs)

    @Option(help: ArgumentHelp("Size at which a new segment begins.", valueName: "bytes"))
    var segmentSize = ByteCount(bytes: JournalOptions.defaultSegmentBytes)

    @Option(help: ArgumentHelp("Age at which a new segment begins.", valueName: "span"))
    var segmentAge = TimeSpan(milliseconds: JournalOptions.defaultSegmentAgeMs)

    @Option(help: ArgumentHelp("Longest time between checkpoints while records arrive.", valueName: "span"))
    var checkpointInterval = TimeSpan(milliseconds: JournalOptions.defaultCheckpointIntervalMs)

    @Option(help: ArgumentHelp("Identity of the journal in its checkpoints; default is the key's name.", valueName: "name"))
    var origin: String?

    @Option(help: ArgumentHelp("For the record of opening.", valueName: "id"))
    var connectorID: String?

    @Option(help: ArgumentHelp("For the record of opening.", valueName: "name"))
    var connectorName: String?

    @Option(help: ArgumentHelp("For the record of opening.", valueName: "id"))
    var networkID: String?

    @Option(help: ArgumentHelp("For the record of opening.", valueName: "name"))
    var networkName: String?

    func validate() throws {
        guard (0...9).contains(level) else { throw ValidationError("--level is 0 to 9") }
        guard frameSize.bytes > 0, frameSize.bytes <= UInt64(FrameHeader.maxInflatedLength) else {
            throw ValidationError("--frame-size is 1 byte to 1m")
        }
    }

    func options(key: String?) throws -> JournalOptions {
        var options = JournalOptions()
        options.sync = sync
        options.level = level
        options.frameBytes = Int(frameSize.bytes)
        options.frameAgeMs = frameAge.milliseconds
        options.segmentBytes = segmentSize.bytes
        options.segmentAgeMs = segmentAge.milliseconds
        options.checkpointIntervalMs = checkpointInterval.milliseconds
        options.key = try key.map(KeyArgument.signer)
        return options
    }

    var identity: JournalIdentity {
        JournalIdentity(
            origin: origin,
            connector: named(connectorID, connectorName),
            network: named(networkID, networkName),
            software: TwinJournal.software,
            host: Present.host)
    }

    private func named(_ id: String?, _ name: String?) -> FlowRecord.Named? {
        id == nil && name == nil ? nil : FlowRecord.Named(id: id ?? "", name: name ?? "")
    }
}
