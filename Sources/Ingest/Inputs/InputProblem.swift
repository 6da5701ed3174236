public import FlowStore

/// Why an input was not taken in, or not all of it: about the input, never about the database. What the store cannot do is another error,
/// and ends an ingest.
public struct InputProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// It is missing, or is not what can be read here.
        case refused
        /// No permission, a failing disk, or the file changed while it was read.
        case environment
        /// The evidence disagrees with what was seen before.
        case tampered
    }

    public var kind: Kind
    /// As the caller named it, or as it was found in a directory.
    public var path: String
    /// A sentence: what, where, what to do.
    public var message: String
    /// What could be read was taken in, and stays.
    var keepsWhatWasRead = false
    /// What to do about an input that was found out in the middle; completes `message` when it is known what became of its beginning.
    var remedy: String?

    /// `hasPart`: whether what was read of the beginning is committed.
    mutating func complete(hasPart: Bool) {
        guard let remedy else { return }
        message += hasPart ? "; what was stored of its beginning stays" : "; nothing of it was stored"
        message += ", \(remedy)"
        self.remedy = nil
    }

    public init(_ kind: Kind, path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    public var description: String { message }

    /// The kind as an ingest that ends with it would tell it.
    public var storeKind: StoreFailure.Kind {
        switch kind {
        case .refused: .refused
        case .environment: .environment
        case .tampered: .tampered
        }
    }
}
