public import ArgumentParser
public import FlowJournal

/// Keys of journals as options name them.
public enum KeyArgument {
    /// For an option that takes public keys.
    public static let help = ArgumentHelp(
        "Public key; it speaks for the journal whose origin is the key's name, or for ORIGIN. May be repeated.",
        valueName: "file[:origin]")

    /// What `--key FILE` or `--key FILE:ORIGIN` names.
    ///
    /// - Throws: that the file cannot be read or holds no public key, as refused input.
    public static func trusted(_ argument: String) throws -> TrustedKey {
        do {
            return try KeyFile.trusted(argument)
        } catch {
            throw CommandFailure(.inputRefused, error.description)
        }
    }

    /// The private key in a file.
    ///
    /// - Throws: that the file cannot be read or holds no private key, as refused input.
    public static func signer(_ path: String) throws -> NoteSigner {
        do {
            return try KeyFile.signer(path)
        } catch {
            throw CommandFailure(.inputRefused, error.description)
        }
    }
}
