@_spi(_Unicode) import Swift

/// Domain names as policies and logs compare them: ASCII lower case, IDNA names by their A-label, no trailing dot.
///
/// Non-ASCII labels are lower-cased, composed (Unicode NFC) and encoded with Punycode (RFC 3492). The ideographic full stops part labels
/// like dots. The further mappings of UTS 46 (width, compatibility forms) are not applied.
public enum DomainName {
    /// The longest name that the DNS can carry, in octets, without the trailing dot (RFC 1035 §2.3.4).
    public static let maxNameLength = 253
    public static let maxLabelLength = 63

    /// The comparable form. Already comparable names are returned as they are.
    public static func normalized(_ text: String) -> String {
        var needsWork = false
        var last: UInt8 = 0
        for byte in text.utf8 {
            if byte >= 0x80 || (byte >= 65 && byte <= 90) { needsWork = true }
            last = byte
        }
        guard needsWork || last == UInt8(ascii: ".") else { return text }
        var trimmed = text[...]
        if trimmed.utf8.last == UInt8(ascii: "."), trimmed.utf8.count > 1 { trimmed = trimmed.dropLast() }
        guard trimmed.utf8.contains(where: { $0 >= 0x80 }) else { return trimmed.lowercased() }
        var labels = composed(trimmed.lowercased()).split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
        return labels.map { label in
            label.utf8.contains(where: { $0 >= 0x80 })
                ? Punycode.encode(label).map { "xn--" + $0 } ?? String(label) : String(label)
        }
        .joined(separator: ".")
    }

    /// The name in normalisation form C, with every full stop of IDNA (RFC 3490 §3.1) as a dot.
    private static func composed(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text._nfc {
            switch scalar.value {
            case 0x3002, 0xff0e, 0xff61: scalars.append(".")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}

/// Punycode (RFC 3492), the encoding direction.
enum Punycode {
    private static let base = 36
    private static let tMin = 1
    private static let tMax = 26

    /// Nil when the delta overflows, which no label that the DNS can carry does.
    static func encode(_ label: some StringProtocol) -> String? {
        let scalars = label.unicodeScalars.map { Int($0.value) }
        var output = scalars.filter { $0 < 0x80 }.map { UInt8($0) }
        let basicCount = output.count
        var handled = basicCount
        if basicCount > 0 { output.append(UInt8(ascii: "-")) }
        var n = 0x80
        var delta = 0
        var bias = 72
        while handled < scalars.count {
            guard let next = scalars.filter({ $0 >= n }).min() else { return nil }
            let (product, overflow) = (next - n).multipliedReportingOverflow(by: handled + 1)
            guard !overflow, product < Int.max - delta else { return nil }
            delta += product
            n = next
            for scalar in scalars {
                if scalar < n { delta += 1 }
                guard scalar == n else { continue }
                var q = delta
                var k = base
                while true {
                    let threshold = k <= bias ? tMin : (k >= bias + tMax ? tMax : k - bias)
                    if q < threshold { break }
                    output.append(digit(threshold + (q - threshold) % (base - threshold)))
                    q = (q - threshold) / (base - threshold)
                    k += base
                }
                output.append(digit(q))
                bias = adapt(delta, handled + 1, handled == basicCount)
                delta = 0
                handled += 1
            }
            delta += 1
            n += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func digit(_ value: Int) -> UInt8 {
        UInt8(value < 26 ? value + 97 : value - 26 + 48)
    }

    private static func adapt(_ delta: Int, _ points: Int, _ first: Bool) -> Int {
        var delta = first ? delta / 700 : delta / 2
        delta += delta / points
        var k = 0
        while delta > (base - tMin) * tMax / 2 {
            delta /= base - tMin
            k += base
        }
        return k + (base - tMin + 1) * delta / (delta + 38)
    }
}
