import FlowModel

/// Reads one line of NDJSON or of a log, in whatever envelope and of whatever form, into a batch.
struct EventReader: RecordReader {
    let framing: RecordFraming
    /// What a line is that holds no JSON.
    private let textIsNoise: Bool
    private let symbols: UnsafeMutablePointer<SymbolStorage>
    private let seed: UInt64
    private var fields: EventFields
    private var scanner: EventScanner
    private var conversion: FlowConversion
    private var templates = TemplateSet()
    var peeler = EnvelopePeeler()
    private var extraBytes = ByteBuffer()
    var openLines = OpenLines()
    /// The last object was an envelope, so the next one probably is.
    private var expectsEnvelope = false
    /// Off in tests that compare the two ways.
    var usesTemplates = true

    init(symbols table: SymbolTable, framing: RecordFraming, textIsNoise: Bool = false) {
        self.framing = framing
        self.textIsNoise = textIsNoise
        symbols = table.storage
        seed = symbols.pointee.seed
        fields = EventFields(placeholder: UnsafeRawPointer(symbols))
        scanner = EventScanner(seed: seed)
        conversion = FlowConversion(symbols: symbols)
    }

    func deallocate() {
        fields.deallocate()
        scanner.deallocate()
        conversion.deallocate()
        templates.deallocate()
        extraBytes.deallocate()
        openLines.deallocate()
    }

    /// Tries to read an event at the very beginning of the unread bytes, by template alone; gives the end of its line's content.
    ///
    /// `limit` is the end of the bytes that may be looked at, beyond the line as it may be.
    @inline(__always)
    mutating func quick(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) -> UnsafeRawPointer? {
        guard usesTemplates, templates.count > 0, limit - start > 16 else { return nil }
        var object = start
        if start.load(as: UInt8.self) == UInt8(ascii: "A") {
            guard ByteSearch.equal("ANALYTICS ", start, 10) else { return nil }
            object += 10
        }
        guard object.load(as: UInt8.self) == UInt8(ascii: "{"), let found = match(object, limit), found.end < limit else {
            return nil
        }
        let end = found.end
        let next = end.load(as: UInt8.self)
        guard next == 0x0a || next == 0x0d && end + 1 < limit && (end + 1).load(as: UInt8.self) == 0x0a else { return nil }
        do throws(Rejection) {
            try flow(found.kind, found.form, place, batch, &flows)
        } catch {
            batch.quarantine(error, start, end, place)
        }
        return end
    }

    @inline(__always)
    private mutating func match(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer
    ) -> (kind: FlowEvent.Kind, form: EventForm, end: UnsafeRawPointer)? {
        templates.match(start, limit, &fields, seed, symbols)
    }

    /// What waits for its end waits for nothing any more.
    mutating func finish(_ batch: RecordBatch, _ flows: inout [FlowEvent]) { endOpenLines(batch, &flows) }

    mutating func resume(context: String) { forgetOpenLines() }

    mutating func record(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) {
        if openLines.count > 0, joined(start, end, place, textIsNoise, batch, &flows) { return }
        if let part = ContainerLine(start, end), part.isPartial {
            let message = UnsafeRawBufferPointer(start: part.message, count: end - part.message)
            begin(part.stream, .tagged, message, place, textIsNoise, batch, &flows)
            return
        }
        content(start, end, place, textIsNoise, batch, &flows)
    }

    /// Reads what a line, or a message of several lines, holds.
    mutating func content(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ textIsNoise: Bool, mayGoOn: Bool = true,
        isInBundle: Bool = false, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) {
        do throws(Rejection) {
            if start.load(as: UInt8.self) == UInt8(ascii: "{"), !expectsEnvelope {
                try object(start, end, place, isPeeled: false, batch, &flows)
            } else {
                try enveloped(start, end, place, textIsNoise, batch, &flows)
            }
        } catch {
            switch error.reason {
            case .malformedJSON where mayGoOn && goesOn(place, textIsNoise, batch, &flows): return
            case .trailingBytes where start.load(as: UInt8.self) == UInt8(ascii: "{"):
                if several(start, end, place, textIsNoise, batch, &flows) { return }
            case .notAnEvent where !isInBundle && start.load(as: UInt8.self) == UInt8(ascii: "{"):
                if bundle(start, end, place, batch, &flows) { return }
            default: break
            }
            batch.quarantine(error, start, end, place)
        }
    }

    /// Reads whatever the line carries. `problem` is what is wrong with the line if it is a bare object: what an object is comes before
    /// what is wrong with it, so that the answer is the same whether an envelope was expected or not.
    private mutating func enveloped(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ textIsNoise: Bool, problem: Rejection? = nil,
        _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) throws(Rejection) {
        switch peeler.peel(line: UnsafeRawBufferPointer(start: start, count: end - start)) {
        case .event(let bytes):
            guard let base = bytes.baseAddress else { return }
            if base == start, let problem { throw problem }
            expectsEnvelope = expectsEnvelope && base != start
            try object(base, base + bytes.count, place, isPeeled: true, batch, &flows)
        case .noise:
            guard textIsNoise || start.load(as: UInt8.self) == UInt8(ascii: "{") else {
                // Text of another encoding is told apart: it has a cure.
                if let problem = UTF8Check.firstProblem(UnsafeRawBufferPointer(start: start, count: end - start)) {
                    throw Rejection(.invalidUTF8, "ill-formed UTF-8 at byte \(problem)")
                }
                throw Rejection(.notJSON, "expected an object at byte 0")
            }
            if let notice = SuppressionNotice(peeler.text) {
                let time = SuppressionNotice.time(of: UnsafeRawBufferPointer(start: start, count: end - start))
                batch.gaps.append(
                    LogGap(
                        kind: .suppressedMessages, count: notice.count, time: time, text: notice.text, offset: place.offset,
                        line: place.line))
            } else {
                batch.noiseLines += 1
            }
        case .blank:
            batch.blankLines += 1
        case .rejected(let reason, let detail):
            expectsEnvelope = false
            throw Rejection(reason, detail)
        }
    }

    /// Reads an event object, or an envelope when it is not `isPeeled` yet.
    private mutating func object(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, isPeeled: Bool, _ batch: RecordBatch,
        _ flows: inout [FlowEvent]
    ) throws(Rejection) {
        if usesTemplates, let found = match(start, end) {
            var rest = JSONCursor(found.end, end)
            rest.skipBlanks()
            if rest.position == end { return try flow(found.kind, found.form, place, batch, &flows) }
        }
        let last: UnsafeRawPointer
        do throws(Rejection) {
            last = try scan(start, end)
        } catch {
            guard !isPeeled else { throw error }
            return try enveloped(start, end, place, true, problem: error, batch, &flows)
        }
        guard fields.has(.eventType) else {
            return try untyped(start, last, place, isPeeled: isPeeled, batch, &flows)
        }
        let type = fields[.eventType]
        guard type.kind == .plain || type.kind == .escaped else { throw Rejection(.wrongType, "`event_type` is not a text") }
        let name = JSONUnescaping.text(type.start, Int(type.count), type.kind)
        if let kind = FlowEvent.Kind(eventType: name) {
            try flow(kind, .connector, place, batch, &flows)
            if usesTemplates, scanner.fitsTemplate { templates.learn(start, last, kind, .connector, scanner.slots, fields) }
        } else if let kind = JournalEvent.Kind(rawValue: name) {
            try journalEvent(kind, start, last, place, batch)
        } else if ForeignForms.networkTypes.contains(name) {
            try synced(start, last, place, batch, &flows)
        } else if let exported = ExportedObjects.all.first(where: { $0.eventType == name }) {
            let (inner, innerEnd) = try inside(start, last)
            try exported.read(inner, innerEnd, place, into: batch)
        } else {
            let raw = String(decoding: UnsafeRawBufferPointer(start: start, count: last - start), as: UTF8.self)
            batch.otherEvents.append(OtherEvent(type: name, raw: raw, offset: place.offset, line: place.line))
        }
    }

    /// Scans the object that is all of the text but blanks; gives its end.
    private mutating func scan(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) throws(Rejection) -> UnsafeRawPointer {
        var cursor = JSONCursor(start, end)
        try scanner.scan(&cursor, .connector, into: &fields)
        let last = cursor.position
        cursor.skipBlanks()
        guard cursor.position == end else { throw cursor.problem("something follows the object", .trailingBytes) }
        return last
    }

    /// The object under `event`, or the object itself for a form that may stand alone.
    private func inside(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer
    ) throws(Rejection) -> (UnsafeRawPointer, UnsafeRawPointer) {
        guard fields.has(.event) else { return (start, end) }
        let span = fields[.event]
        guard span.kind == .object else { throw Rejection(.wrongType, "`event` is not an object") }
        return (span.start, span.start + Int(span.count))
    }

    private mutating func untyped(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, isPeeled: Bool, _ batch: RecordBatch,
        _ flows: inout [FlowEvent]
    ) throws(Rejection) {
        if let exported = ExportedObjects.all.first(where: { $0.marks.allSatisfy { fields.has($0) } }) {
            try exported.read(start, end, place, into: batch)
        } else if !isPeeled {
            expectsEnvelope = true
            try enveloped(start, end, place, true, batch, &flows)
        } else {
            throw Rejection(.notAnEvent, "an object without `event_type`")
        }
    }

    /// Completes the event whose fields are at hand.
    @inline(__always)
    private mutating func flow(
        _ kind: FlowEvent.Kind, _ form: EventForm, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) throws(Rejection) {
        var event = FlowEvent(kind: kind, timestamp: form == .connector ? try timestamp() : try time())
        try conversion.fill(&event, from: fields)
        if form == .connector {
            guard !event.connectionID.isEmpty else { throw Rejection(.missingField, "`connection.id` is missing") }
        } else {
            batch.syncedFlows += 1
        }
        event.offset = place.offset
        event.line = place.line
        if !fields.unknowns.isEmpty { event.extras = extras(batch) }
        flows.append(event)
    }

    @inline(__always)
    private func timestamp() throws(Rejection) -> Timestamp {
        let span = fields[.timestamp]
        if fields.has(.timestamp), span.kind == .integer, ValueRanges.instant.contains(Int64(bitPattern: span.word)) {
            return Timestamp(milliseconds: Int64(bitPattern: span.word))
        }
        return try unusualTimestamp()
    }

    @inline(never)
    private func unusualTimestamp() throws(Rejection) -> Timestamp {
        guard fields.has(.timestamp) else { throw Rejection(.missingField, "`timestamp` is missing") }
        let span = fields[.timestamp]
        guard span.kind == .integer || span.kind == .number else { throw Rejection(.wrongType, "`timestamp` is not a number") }
        switch JSONNumber.whole(span.start, Int(span.count)) {
        case .value(let value) where ValueRanges.instant.contains(value): return Timestamp(milliseconds: value)
        case .value(let value): throw .outside(ValueRanges.instant, "timestamp", value)
        case .fractional: throw Rejection(.wrongType, "`timestamp` is not a whole number")
        case .outOfRange: throw .outside(ValueRanges.instant, "timestamp")
        }
    }

    private mutating func journalEvent(
        _ kind: JournalEvent.Kind, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch
    ) throws(Rejection) {
        var probe = FlowEvent(kind: .whole, timestamp: try timestamp())
        try conversion.fillOwner(&probe, from: fields)
        try JournalBody.check(kind, start, end)
        batch.journalEvents.append(
            JournalEvent(
                kind: kind, timestamp: probe.timestamp, sequence: probe.sequence, connectorID: probe.connectorID,
                raw: String(decoding: UnsafeRawBufferPointer(start: start, count: end - start), as: UTF8.self),
                offset: place.offset, line: place.line))
    }

    /// The network event inside of a synced object whose fields are at hand.
    private mutating func synced(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) throws(Rejection) {
        guard fields.has(.event) else { throw Rejection(.missingField, "`event` is missing") }
        let span = fields[.event]
        guard span.kind == .object else { throw Rejection(.wrongType, "`event` is not an object") }
        let outer = fields.unknowns.filter { $0.valueStart != span.start }
        // Fields of a Connector's event beside the wrapped one would be read by nobody.
        let beside = fields.present & ~(Field.eventType.bit | EventForm.connector.foreign)
        guard beside == 0, fields.levels == 0 else { throw Rejection(.notAnEvent, "an event inside of an event") }
        var cursor = JSONCursor(span.start, span.start + Int(span.count))
        try scanner.scan(&cursor, .synced, into: &fields)
        guard fields.has(.status) || fields.has(.eventType) else { throw Rejection(.missingField, "`status` is missing") }
        let kind = try self.kind(fields.has(.status) ? .status : .eventType)
        for member in outer {
            var kept = member
            kept.level = .wrapper
            fields.unknowns.append(kept)
        }
        try flow(kind, .synced, place, batch, &flows)
        if usesTemplates, scanner.fitsTemplate, outer.isEmpty { templates.learn(start, end, kind, .synced, scanner.slots, fields) }
    }

    /// The instant of a synced event.
    private func time() throws(Rejection) -> Timestamp {
        guard fields.has(.time) else {
            guard fields.has(.timestamp) else { throw Rejection(.missingField, "`time` is missing") }
            return try timestamp()
        }
        let span = fields[.time]
        guard span.kind == .plain else { throw Rejection(.wrongType, "`time` is not a text") }
        guard let value = Timestamp.parse(UnsafeRawBufferPointer(start: span.start, count: Int(span.count))) else {
            throw Rejection(.badValue, "`time` is not an instant of RFC 3339")
        }
        return try Rejection.check(value, "time")
    }

    private func kind(_ field: Field) throws(Rejection) -> FlowEvent.Kind {
        let span = fields[field]
        guard span.kind == .plain || span.kind == .escaped else { throw Rejection(.wrongType, "`\(field.path)` is not a text") }
        guard let kind = FlowEvent.Kind(eventType: JSONUnescaping.text(span.start, Int(span.count), span.kind)) else {
            throw Rejection(.badValue, "`\(field.path)` is none of the four types of network events")
        }
        return kind
    }

    /// Writes the unknown members as one object; their keys and values are JSON text already.
    private mutating func extras(_ batch: RecordBatch) -> Int32 {
        extraBytes.removeAll()
        for member in fields.unknowns {
            extraBytes.append(extraBytes.count == 0 ? "{\"" : ",\"")
            if member.level != .root {
                extraBytes.append(member.level.key)
                extraBytes.append(UInt8(ascii: "."))
            }
            extraBytes.append(member.keyStart, Int(member.keyCount))
            extraBytes.append("\":")
            extraBytes.append(member.valueStart, Int(member.valueCount))
        }
        extraBytes.append(UInt8(ascii: "}"))
        batch.extras.append(String(decoding: extraBytes.bytes, as: UTF8.self))
        return Int32(truncatingIfNeeded: batch.extras.count - 1)
    }
}

extension FlowEvent.Kind {
    /// The four types of network events; nil for any other text.
    init?(eventType: String) {
        switch eventType {
        case "established_connection": self = .established
        case "closed_connection": self = .closed
        case "failed_to_connect": self = .failed
        case "denied_access": self = .denied
        default: return nil
        }
    }
}

/// Event types of the synced form.
enum ForeignForms {
    /// Both names are in use for network events.
    static let networkTypes: Set<String> = ["network_access", "network"]
}
