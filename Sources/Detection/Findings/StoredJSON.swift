public import FlowModel
internal import QueryCatalogue
internal import QueryLibrary
import TextEncodings

/// JSON as the database stores it.
public enum StoredJSON {
    public static func value(_ value: StoredValue) -> String {
        JSONWriter.text(.stored) { $0.value(value) }
    }

    /// An object whose keys are in the order given.
    static func object(_ fields: [Finding.SubjectField]) -> String {
        JSONWriter.text(.stored) {
            $0.object {
                for field in fields {
                    $0.name(field.name)
                    $0.value(field.value)
                }
            }
        }
    }

    /// The whole numbers of a JSON array; nil when the text is none.
    public static func integers(_ text: String) -> [Int64]? {
        var bytes = Substring(text)
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\n" || character == "\t" }
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        guard bytes.first == "[", bytes.last == "]" else { return nil }
        var numbers: [Int64] = []
        for part in bytes.dropFirst().dropLast().split(separator: ",") {
            let digits = part.filter { !isBlank($0) }
            if digits == "null" { continue }
            guard let number = Int64(digits) else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}

extension JSONWriter {
    mutating func value(_ value: StoredValue) {
        switch value {
        case .null: null()
        case .integer(let number): self.number(number)
        case .real(let number): self.number(number, StoredValue.format)
        case .text, .blob: string(value.plain)
        }
    }
}
