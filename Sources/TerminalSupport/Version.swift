/// The version of the three programs, which are made and given out together.
public enum Version {
    /// Of the form `major.minor.patch`.
    public static let text = "1.0.0"

    /// How a program names itself, such as `twin-journal 1.0.0`: with `--version`, in reports and in the journals that it writes.
    public static func of(_ program: String) -> String { "\(program) \(text)" }
}
