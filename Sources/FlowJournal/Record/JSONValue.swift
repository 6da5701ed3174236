/// A JSON value of one of the journal's own records, which are short. Made only from lines that `RecordScanner` has accepted.
enum JSONValue: Hashable {
    case null
    case bool(Bool)
    /// As written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Nil when the line is not a record.
    static func parse(_ line: UnsafeRawBufferPointer) -> JSONValue? {
        guard (try? RecordScanner.scan(line)) != nil else { return nil }
        var parser = Parser(bytes: line)
        return parser.value(depth: 0)
    }

    subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var unsigned: UInt64? {
        if case .number(let text) = self { UInt64(text) } else { nil }
    }

    var integer: Int64? {
        if case .number(let text) = self { Int64(text) } else { nil }
    }

    /// Reads well-formed JSON; on anything else it gives nil.
    private struct Parser {
        let bytes: UnsafeRawBufferPointer
        var index = 0

        var byte: UInt8 { index < bytes.count ? bytes[index] : 0 }

        mutating func blanks() {
            while index < bytes.count, byte == 0x20 || byte == 0x09 || byte == 0x0d { index += 1 }
        }

        mutating func take(_ mark: UInt8) -> Bool {
            blanks()
            guard byte == mark else { return false }
            index += 1
            return true
        }

        mutating func value(depth: Int) -> JSONValue? {
            guard depth <= RecordScanner.deepest else { return nil }
            blanks()
            switch byte {
            case UInt8(ascii: "{"):
                index += 1
                var members: [String: JSONValue] = [:]
                if take(UInt8(ascii: "}")) { return .object(members) }
                repeat {
                    blanks()
                    guard let name = string(), take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else { return nil }
                    members[name] = value
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "}")) ? .object(members) : nil
            case UInt8(ascii: "["):
                index += 1
                var elements: [JSONValue] = []
                if take(UInt8(ascii: "]")) { return .array(elements) }
                repeat {
                    guard let value = value(depth: depth + 1) else { return nil }
                    elements.append(value)
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "]")) ? .array(elements) : nil
            case UInt8(ascii: "\""):
                return string().map(JSONValue.string)
            default:
                let start = index
                while index < bytes.count, isWord(byte) { index += 1 }
                let word = String(decoding: bytes[start..<index], as: UTF8.self)
                switch word {
                case "": return nil
                case "null": return .null
                case "true": return .bool(true)
                case "false": return .bool(false)
                default: return .number(word)
                }
            }
        }

        private func isWord(_ byte: UInt8) -> Bool {
            (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || byte == 0x2b || byte == 0x2d
                || byte == 0x2e
        }

        private mutating func string() -> String? {
            guard byte == UInt8(ascii: "\"") else { return nil }
            index += 1
            var text: [UInt16] = []
            var plain: [UInt8] = []
            var result = ""
            func flushPlain() {
                result += String(decoding: plain, as: UTF8.self)
                plain.removeAll()
            }
            func flushUnits() {
                result += String(decoding: text, as: UTF16.self)
                text.removeAll()
            }
            while index < bytes.count {
                let current = byte
                index += 1
                if current == UInt8(ascii: "\"") {
                    flushUnits()
                    flushPlain()
                    return result
                }
                guard current == UInt8(ascii: "\\") else {
                    if !text.isEmpty { flushUnits() }
                    plain.append(current)
                    continue
                }
                if !plain.isEmpty { flushPlain() }
                let mark = byte
                index += 1
                switch mark {
                case UInt8(ascii: "b"): text.append(0x08)
                case UInt8(ascii: "f"): text.append(0x0c)
                case UInt8(ascii: "n"): text.append(0x0a)
                case UInt8(ascii: "r"): text.append(0x0d)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "u"):
                    guard index + 4 <= bytes.count,
                        let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
                    else { return nil }
                    text.append(unit)
                    index += 4
                default: text.append(UInt16(mark))
                }
            }
            return nil
        }
    }
}
