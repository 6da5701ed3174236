import FlowModel

/// The shapes that lines had lately.
///
/// Connectors of one version write few: one per kind of event and kind of principal. The set is small, so that a log without any
/// regularity costs little more than the general scan.
struct TemplateSet {
    /// Four kinds of events times two kinds of principals, of two generations of Connectors.
    private static let most = 16
    /// With the set full, one line in so many that fit none replaces the oldest template.
    private static let missesPerReplacement = 64

    private let list: UnsafeMutablePointer<EventTemplate>
    private(set) var count = 0
    private var recent = 0
    private var oldest = 0
    private var misses = 0
    private var arrays = KnownArrays()

    init() {
        list = .allocate(capacity: TemplateSet.most)
    }

    func deallocate() {
        for index in 0..<count { list[index].deallocate() }
        list.deallocate()
    }

    /// What the event at `start` is and where it ends, its fields in `fields`; nil when no template fits.
    @inline(__always)
    mutating func match(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ fields: inout EventFields, _ seed: UInt64,
        _ symbols: UnsafeMutablePointer<SymbolStorage>
    ) -> (kind: FlowEvent.Kind, form: EventForm, end: UnsafeRawPointer)? {
        guard count > 0 else { return nil }
        var index = recent
        for _ in 0..<count {
            if let end = list[index].match(start, limit, &fields, seed, &arrays, symbols) {
                recent = index
                return (list[index].kind, list[index].form, end)
            }
            index = index + 1 == count ? 0 : index + 1
        }
        return nil
    }

    mutating func learn(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ kind: FlowEvent.Kind, _ form: EventForm, _ slots: [TemplateSlot],
        _ fields: EventFields
    ) {
        if count == TemplateSet.most {
            misses += 1
            guard misses >= TemplateSet.missesPerReplacement else { return }
            misses = 0
        }
        guard let template = EventTemplate(start, end, kind, form, slots: slots, fields: fields) else { return }
        if count < TemplateSet.most {
            (list + count).initialize(to: template)
            recent = count
            count += 1
        } else {
            list[oldest].deallocate()
            list[oldest] = template
            recent = oldest
            oldest = (oldest + 1) % TemplateSet.most
        }
    }
}
