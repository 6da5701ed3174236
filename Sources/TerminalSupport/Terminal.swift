internal import Glibc

/// What is known of the terminal that a stream may be.
public enum Terminal {
    public static var standardOutputIsTerminal: Bool { isatty(1) == 1 }
    public static var standardErrorIsTerminal: Bool { isatty(2) == 1 }

    /// Columns of the terminal, nil when standard output is none.
    public static var width: Int? {
        guard standardOutputIsTerminal else { return nil }
        if let columns = environment("COLUMNS").flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Colour is used on terminals, unless `NO_COLOR` is set to anything or `TERM` is `dumb`.
    public static var useColor: Bool {
        standardOutputIsTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    public static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Columns that a text takes: wide East Asian characters and emoji take two, combining marks none.
    public static func columns(_ text: String) -> Int {
        var total = 0
        for character in text {
            guard let scalar = character.unicodeScalars.first else { continue }
            if scalar.value < 0x300 {
                total += 1
            } else if character.unicodeScalars.contains(where: { $0.value == 0xfe0f }) || isWide(scalar) {
                total += 2
            } else if scalar.properties.generalCategory != .nonspacingMark {
                total += 1
            }
        }
        return total
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1faff, 0x20000...0x3fffd:
            true
        default: false
        }
    }
}
