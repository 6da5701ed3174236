public import AccessPolicy
public import FlowModel

extension FlowFacts {
    /// What one event says of its connection: what the engine needs to judge it, without a database.
    ///
    /// ```swift
    /// let assessment = history.judge(FlowFacts(event, symbols: batch.symbols), options: EngineOptions())
    /// ```
    ///
    /// Times are those of the connection as far as this event tells them. A closed event that states its duration in a unit that it does not name
    /// counts from its end, unless `durationUnit` says what its Connector counts. Automatic locks depend on earlier flows: fill `lastUses` in.
    ///
    /// - Parameters:
    ///   - event: of a log or journal, of any kind.
    ///   - symbols: the table that the event was decoded into.
    ///   - durationUnit: what `event.duration` counts where the event does not say it.
    /// - Complexity: linear in the texts of the event; reads the JSON of its location.
    public init(_ event: FlowEvent, symbols: SymbolTable, durationUnit: FlowEvent.DurationUnit = .unstated) {
        let times = event.times(durationUnit)
        var principal: PrincipalReference?
        if let kind = event.principalKind, let id = symbols.text(of: event.principalID) {
            principal = PrincipalReference(kind: kind, id: id)
        }
        let outcome: RecordedOutcome =
            switch event.kind {
            case .established, .closed, .whole: .allowed
            case .failed: .failed
            case .denied: .denied
            }
        self.init(
            principal: principal, serviceKeyID: symbols.text(of: event.serviceKeyID),
            destination: symbols.text(of: event.resourceAddress) ?? event.resourceIP?.description ?? "", resourceIP: event.resourceIP,
            transport: event.transport, port: event.resourcePort, connectorID: symbols.text(of: event.connectorID),
            networkID: symbols.text(of: event.networkID), deviceID: symbols.text(of: event.deviceID),
            location: symbols.text(of: event.location).flatMap { LocationEvidence(json: $0) },
            recordedResourceID: symbols.text(of: event.resourceID), appliedRule: symbols.text(of: event.appliedRule), outcome: outcome,
            startedAt: times.start, endedAt: times.end, recordedPolicyVersion: event.policyVersion,
            recordedPolicyDigest: symbols.text(of: event.policyDigest))
    }
}

extension FlowEvent {
    /// When its connection began and ended, as far as the event says it; `unit`: of a duration that does not state its own.
    fileprivate func times(_ unit: DurationUnit) -> (start: Timestamp, end: Timestamp?) {
        switch kind {
        case .established, .denied: return (startedAt ?? timestamp, nil)
        case .failed:
            let start = startedAt ?? timestamp
            return (start, start == timestamp ? nil : timestamp)
        case .whole: return (startedAt ?? timestamp, endedAt)
        case .closed:
            let end = endedAt ?? timestamp
            if let startedAt { return (startedAt, end) }
            guard let duration else { return (end, end) }
            switch durationUnit == .unstated ? unit : durationUnit {
            case .unstated: return (end, end)
            case .milliseconds: return (end.advanced(byMilliseconds: -duration), end)
            case .microseconds: return (end.advanced(byMilliseconds: -(duration / 1_000)), end)
            }
        }
    }
}
