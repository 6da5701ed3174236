import FlowModel

extension CompiledPolicy {
    /// Every Resource that covers the destination, inactive ones included, with its specificity; in no order.
    func covering(_ destination: Destination) -> [(rank: Int32, resource: Int32)] {
        var found: [(rank: Int32, resource: Int32)] = []
        forEachCovering(destination, goOn: { true }, { found.append(($0, $1)) })
        return found
    }

    @inline(__always)
    func forEachCovering(_ destination: Destination, goOn: () -> Bool, _ body: (Int32, Int32) -> Void) {
        switch destination {
        case .address(let address):
            addresses.forEach(address, goOn: goOn, body)
        case .name(let name):
            let isNormalized = name.utf8Span.span.withUnsafeBytes { bytes in
                guard NameBytes.isNormalized(bytes) else { return false }
                names.forEach(bytes, goOn: goOn, body)
                return true
            }
            if !isNormalized {
                DomainName.normalized(name).utf8Span.span.withUnsafeBytes { names.forEach($0, goOn: goOn, body) }
            }
        }
    }
}
