import FlowModel

/// Turns the fields that a scanner found into a `FlowEvent`.
///
/// It goes on after a field that cannot be read and reports the first such field in the end, so that the common case has no
/// branches for errors.
struct FlowConversion {
    private let symbols: UnsafeMutablePointer<SymbolStorage>
    /// The first thing that was wrong with the event at hand.
    private var problem: Rejection?
    private var buffer = ByteBuffer(capacity: 256)
    private var meanings = KnownMeanings()

    init(symbols: UnsafeMutablePointer<SymbolStorage>) {
        self.symbols = symbols
    }

    func deallocate() {
        buffer.deallocate()
    }

    /// Whether `event` could be completed from `fields`; `kind`, the times and the place are the caller's.
    @inline(__always)
    mutating func fill(_ event: inout FlowEvent, from fields: EventFields) throws(Rejection) {
        problem = nil
        connectionID(&event, fields)
        transport(&event, fields)
        (event.clientIP, event.clientPort) = endpoint(.clientIP, fields)
        event.resourceIP = address(.resourceIP, fields)
        if let port = integer(.resourcePort, fields, ValueRanges.port) { event.resourcePort = UInt16(port) }
        event.bytesReceived = integer(.bytesReceived, fields, ValueRanges.bytes)
        event.bytesTransferred = integer(.bytesTransferred, fields, ValueRanges.bytes)
        duration(&event, fields)
        if fields.levels & FlowConversion.principalLevels != 0 { principal(&event, fields) }
        event.deviceID = identifier(.deviceID, fields)
        event.connectorID = identifier(.connectorID, fields)
        event.connectorName = text(.connectorName, fields)
        event.networkID = identifier(.networkID, fields)
        event.networkName = text(.networkName, fields)
        event.resourceID = identifier(.resourceID, fields)
        event.resourceAddress = text(.resourceAddress, fields)
        event.appliedRule = text(.appliedRule, fields)
        event.relays = raw(.relays, fields, .array)
        if fields.present & FlowConversion.rareFields != 0 { rare(&event, fields) }
        if let level = fields.levelProblem { fail(Rejection(.wrongType, "`\(level.key)` is not an object")) }
        if let problem { throw problem }
    }

    private static let principalLevels: UInt16 = 1 << UInt16(Level.user.rawValue) | 1 << UInt16(Level.service.rawValue)
    private static let rareFields: UInt64 = [
        Field.location, .tunnelPath, .tunnelProtocol, .errorMessage, .closeReason, .requested, .startedAt, .policyVersion,
        .policyDigest,
        .decisionEffect, .decisionReason, .sequence, .clientVersion,
    ].reduce(0) { $0 | $1.bit }

    private mutating func rare(_ event: inout FlowEvent, _ fields: EventFields) {
        event.location =
            fields.has(.location) && fields[.location].kind == .object
            ? raw(.location, fields, .object) : text(.location, fields)
        event.tunnelPath = text(.tunnelPath, fields)
        event.tunnelProtocol = text(.tunnelProtocol, fields)
        event.errorMessage = text(.errorMessage, fields)
        event.closeReason = text(.closeReason, fields)
        event.requested = text(.requested, fields)
        event.clientVersion = text(.clientVersion, fields)
        if let start = integer(.startedAt, fields, ValueRanges.instant) {
            event.startedAt = Timestamp(milliseconds: start)
        }
        event.policyVersion = integer(.policyVersion, fields, ValueRanges.count)
        event.policyDigest = text(.policyDigest, fields)
        event.decisionEffect = text(.decisionEffect, fields)
        event.decisionReason = text(.decisionReason, fields)
        event.sequence = UInt64(integer(.sequence, fields, ValueRanges.count) ?? 0)
    }

    private mutating func duration(_ event: inout FlowEvent, _ fields: EventFields) {
        if let milliseconds = integer(.durationMilliseconds, fields, ValueRanges.durationMilliseconds) {
            event.duration = milliseconds
            event.durationUnit = .milliseconds
        } else if let count = integer(.duration, fields, ValueRanges.duration) {
            event.duration = count
        }
    }

    private mutating func principal(_ event: inout FlowEvent, _ fields: EventFields) {
        let userBits = Field.userID.bit | Field.userEmail.bit
        let serviceBits = Field.serviceID.bit | Field.serviceName.bit | Field.serviceKeyID.bit | Field.serviceKeyName.bit
        if fields.present & userBits != 0 {
            if fields.present & serviceBits != 0 {
                fail(Rejection(.twoPrincipals, "both `user` and `service_account` are there"))
            }
            event.principalKind = .user
            event.principalID = identifier(.userID, fields)
            event.principalName = text(.userEmail, fields)
        } else if fields.present & serviceBits != 0 {
            event.principalKind = .serviceAccount
            event.principalID = identifier(.serviceID, fields)
            event.principalName = text(.serviceName, fields)
            event.serviceKeyID = identifier(.serviceKeyID, fields)
            event.serviceKeyName = text(.serviceKeyName, fields)
        }
    }

    @inline(__always)
    private mutating func connectionID(_ event: inout FlowEvent, _ fields: EventFields) {
        guard fields.has(.connectionID) else { return }
        let span = fields[.connectionID]
        if span.kind == .plain || span.kind == .integer,
            let id = ConnectionID(UnsafeRawBufferPointer(start: span.start, count: Int(span.count)))
        {
            event.connectionID = id
        } else {
            unusualConnectionID(&event, span)
        }
    }

    @inline(never)
    private mutating func unusualConnectionID(_ event: inout FlowEvent, _ span: FieldSpan) {
        let isNumber = span.kind == .integer || span.kind == .number && JSONNumber.isInteger(span.start, Int(span.count))
        guard span.kind == .plain || span.kind == .escaped || isNumber else { return mistyped(.connectionID, "a text") }
        let text = JSONUnescaping.text(span.start, Int(span.count), span.kind)
        if let problem = Rejection.ofID(field: Field.connectionID.path, text, maxLength: ConnectionID.maxLength) { return fail(problem) }
        if let id = ConnectionID(text) { event.connectionID = id }
    }

    @inline(__always)
    private mutating func transport(_ event: inout FlowEvent, _ fields: EventFields) {
        guard fields.has(.transport) else { return }
        let span = fields[.transport]
        if span.kind == .plain, span.count == 3 {
            let word = ByteComparison.word(span.start, 3, backwards: false) | 0x20_2020
            if word == 0x70_6374 {
                event.transport = .tcp
                return
            }
            if word == 0x70_6475 {
                event.transport = .udp
                return
            }
        }
        unusualTransport(&event, fields)
    }

    @inline(never)
    private mutating func unusualTransport(_ event: inout FlowEvent, _ fields: EventFields) {
        let symbol = text(.transport, fields)
        let bytes = symbols.pointee.bytes(of: symbol)
        if let known = TransportProtocol(rawValue: String(decoding: bytes, as: UTF8.self).lowercased()) {
            event.transport = known
        } else if !bytes.isEmpty {
            event.unknownTransport = symbol
        }
    }
}

/// Values by type. A field that is absent or null is nil or `none`.
extension FlowConversion {
    /// A text as it is.
    @inline(__always)
    mutating func text(_ field: Field, _ fields: EventFields) -> Symbol {
        guard fields.has(field) else { return .none }
        let span = fields[field]
        if span.kind == .plain {
            return span.count == 0 ? .empty : symbols.pointee.intern(span.start, Int(span.count), span.word)
        }
        return unusualText(field, span)
    }

    @inline(never)
    private mutating func unusualText(_ field: Field, _ span: FieldSpan) -> Symbol {
        guard span.kind == .escaped else {
            mistyped(field, "a text")
            return .none
        }
        // Texts with escapes repeat too: what one means is remembered under the symbol of its raw form.
        let raw = intern(UnsafeRawBufferPointer(start: span.start, count: Int(span.count)))
        if let known = meanings.meaning(of: raw, symbols.pointee.currentGeneration) { return known }
        buffer.removeAll()
        JSONUnescaping.unescape(span.start, Int(span.count), into: &buffer)
        if buffer.bytes.contains(0) {
            fail(Rejection(.badValue, "`\(field.path)` holds U+0000"))
            return .none
        }
        let meaning = intern(buffer.bytes)
        meanings.remember(raw, meaning)
        return meaning
    }

    private func intern(_ bytes: UnsafeRawBufferPointer) -> Symbol {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return .empty }
        return symbols.pointee.intern(base, bytes.count, SymbolStorage.hash(base, bytes.count, symbols.pointee.seed))
    }

    /// A decimal id: given as text, as a whole number, or as a global id.
    @inline(__always)
    mutating func identifier(_ field: Field, _ fields: EventFields) -> Symbol {
        guard fields.has(field) else { return .none }
        let span = fields[field]
        if span.kind == .plain, span.count > 0, Int(span.count) <= ValueRanges.maxIDLength,
            span.start.load(as: UInt8.self) &- 48 <= 9
        {
            return symbols.pointee.intern(span.start, Int(span.count), span.word)
        }
        return unusualIdentifier(field, span)
    }

    @inline(never)
    private mutating func unusualIdentifier(_ field: Field, _ span: FieldSpan) -> Symbol {
        let text: String
        switch span.kind {
        case .plain where span.count == 0:
            return .empty
        case .integer, .plain, .escaped:
            text = JSONUnescaping.text(span.start, Int(span.count), span.kind)
        case .number where JSONNumber.isInteger(span.start, Int(span.count)):
            // Whole, but of more than 64 bits: an id all the same.
            text = JSONUnescaping.text(span.start, Int(span.count), .integer)
        default:
            mistyped(field, "a text")
            return .none
        }
        var decimal = span.kind == .plain ? GlobalID.decimal(text) : text
        if let problem = Rejection.ofID(field: field.path, decimal, maxLength: ValueRanges.maxIDLength) {
            fail(problem)
            return .none
        }
        return decimal.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    /// A whole number within `range`.
    @inline(__always)
    mutating func integer(_ field: Field, _ fields: EventFields, _ range: ClosedRange<Int64>) -> Int64? {
        guard fields.has(field) else { return nil }
        let span = fields[field]
        if span.kind == .integer {
            let value = Int64(bitPattern: span.word)
            if range.contains(value) { return value }
        }
        return unusualInteger(field, span, range)
    }

    @inline(never)
    private mutating func unusualInteger(_ field: Field, _ span: FieldSpan, _ range: ClosedRange<Int64>) -> Int64? {
        guard span.kind == .integer || span.kind == .number else {
            mistyped(field, "a number")
            return nil
        }
        switch JSONNumber.whole(span.start, Int(span.count)) {
        case .value(let value) where range.contains(value): return value
        case .value(let value): fail(.outside(range, field.path, value))
        case .fractional: mistyped(field, "a whole number")
        case .outOfRange: fail(.outside(range, field.path))
        }
        return nil
    }

    /// An address; empty text is none.
    @inline(__always)
    mutating func address(_ field: Field, _ fields: EventFields) -> IPAddress? {
        guard fields.has(field) else { return nil }
        let span = fields[field]
        if span.kind == .plain {
            if let bits = AddressScan.v4(span.start, Int(span.count)) { return IPAddress(v4: bits) }
            if let address = IPAddress.parse(UnsafeRawBufferPointer(start: span.start, count: Int(span.count))) { return address }
            if span.count == 0 { return nil }
        }
        notAnAddress(field, span)
        return nil
    }

    /// An address that may carry a port.
    @inline(__always)
    mutating func endpoint(_ field: Field, _ fields: EventFields) -> (IPAddress?, UInt16?) {
        guard fields.has(field) else { return (nil, nil) }
        let span = fields[field]
        if span.kind == .plain {
            if let bits = AddressScan.v4(span.start, Int(span.count)) { return (IPAddress(v4: bits), nil) }
            if let (address, port) = AddressScan.endpoint(UnsafeRawBufferPointer(start: span.start, count: Int(span.count))) {
                return (address, port)
            }
            if span.count == 0 { return (nil, nil) }
        }
        notAnAddress(field, span)
        return (nil, nil)
    }

    /// JSON text as it stands.
    mutating func raw(_ field: Field, _ fields: EventFields, _ kind: JSONKind) -> Symbol {
        guard fields.has(field) else { return .none }
        let span = fields[field]
        guard span.kind == kind else {
            mistyped(field, kind == .array ? "an array" : "an object")
            return .none
        }
        // The symbol is known already where the array was.
        if span.word != 0 { return Symbol(rawValue: UInt32(truncatingIfNeeded: span.word)) }
        return intern(UnsafeRawBufferPointer(start: span.start, count: Int(span.count)))
    }

    @inline(never)
    private mutating func notAnAddress(_ field: Field, _ span: FieldSpan) {
        guard span.kind == .plain || span.kind == .escaped else { return mistyped(field, "a text") }
        fail(Rejection(.badValue, "`\(field.path)` is not an IP address"))
    }

    @inline(never)
    private mutating func mistyped(_ field: Field, _ wanted: String) {
        fail(Rejection(.wrongType, "`\(field.path)` is not \(wanted)"))
    }

    @inline(never)
    private mutating func fail(_ rejection: Rejection) {
        if problem == nil { problem = rejection }
    }
}

extension FlowConversion {
    /// The fields of a journal's record that is not about a connection.
    mutating func fillOwner(_ event: inout FlowEvent, from fields: EventFields) throws(Rejection) {
        problem = nil
        event.sequence = UInt64(integer(.sequence, fields, ValueRanges.count) ?? 0)
        event.connectorID = identifier(.connectorID, fields)
        if let problem { throw problem }
    }
}
