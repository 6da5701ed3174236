internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import Wording

/// Stacked bars over time, as SVG within the page. The numbers stand below it in a table.
struct HTMLChart {
    private let labels: [String]
    /// Where each stretch stands on the axis, counted in stretches from the first.
    private let places: [Int]
    private let names: [String]
    private let titles: [String]
    /// For each stretch of time, one number for each name.
    private let values: [[Int64]]

    private static let width = 1_000
    private static let height = 150
    /// Room for the labels of the axis.
    private static let footer = 20
    /// More would be thinner than a line.
    private static let maxStretches = 1_000

    init(_ table: ReportTable) {
        let columns = table.columns.dropFirst()
        names = columns.map(\.name)
        titles = columns.map(\.label)
        let times = table.rows.map { row -> Int64 in
            if case .value(.integer(let time))? = row.first { time } else { 0 }
        }
        labels = times.map { ReportWording.text(.integer($0), .time) }
        places = HTMLChart.places(times)
        values = table.rows.map { row in
            row.dropFirst().map { if case .value(.integer(let number)) = $0 { max(0, number) } else { 0 } }
        }
    }

    /// Stretches without connections have no row; they are left free, unless that would leave nothing to see.
    private static func places(_ times: [Int64]) -> [Int] {
        let steps = zip(times.dropFirst(), times).map { $0.subtractingReportingOverflow($1).partialValue }
        guard let step = steps.min(), step > 0, let first = times.first, let last = times.last,
            (last - first) / step < Int64(HTMLChart.maxStretches)
        else { return Array(times.indices) }
        return times.map { Int(($0 - first) / step) }
    }

    func html(title: String) -> String {
        let highest = values.map(HTMLChart.sum).max() ?? 0
        let slot = Double(HTMLChart.width) / Double((places.last ?? 0) + 1)
        var bars = ""
        for (index, stack) in values.enumerated() {
            var base = Double(HTMLChart.height)
            let text = zip(titles, stack).map { "\($0) \(Quantities.count($1))" }.joined(separator: ", ")
            bars += "<g><title>\(Escaping.html(labels[index])): \(Escaping.html(text))</title>"
            for (name, value) in zip(names, stack) where value > 0 {
                // A single violation among thousands must be seen: no bar is thinner than two units.
                let size = max(2, Double(value) / Double(max(highest, 1)) * Double(HTMLChart.height - 4))
                base -= size
                bars += """
                    <rect class="\(Escaping.html(name))" x="\(HTMLChart.number(Double(places[index]) * slot + slot * 0.08))" \
                    y="\(HTMLChart.number(max(0, base)))" width="\(HTMLChart.number(min(slot * 0.84, 40)))" \
                    height="\(HTMLChart.number(size))"/>
                    """
            }
            bars += "</g>"
        }
        let label = "\(title): \(values.count) stretches of time, at most \(Quantities.count(highest)) connections in one"
        return """
            <svg class="time" viewBox="0 0 \(HTMLChart.width) \(HTMLChart.height + HTMLChart.footer)" role="img" \
            aria-label="\(Escaping.html(label))">
            \(bars)
            <line class="axis" x1="0" x2="\(HTMLChart.width)" y1="\(HTMLChart.height)" y2="\(HTMLChart.height)"/>
            \(axis(slot))</svg>
            <ul class="legend">\(legend())</ul>
            """
    }

    private static func sum(_ stack: [Int64]) -> Int64 {
        stack.reduce(0) { total, value in
            let (sum, overflow) = total.addingReportingOverflow(value)
            return overflow ? .max : sum
        }
    }

    /// One digit behind the point is finer than a screen.
    private static func number(_ value: Double) -> String { StoredValue.real((value * 10).rounded() / 10).plain }

    private func axis(_ slot: Double) -> String {
        guard let first = labels.first, let last = labels.last else { return "" }
        let y = HTMLChart.height + 15
        var text = "<text x=\"0\" y=\"\(y)\">\(Escaping.html(first))</text>"
        if labels.count > 1 {
            text += "<text x=\"\(HTMLChart.width)\" y=\"\(y)\" text-anchor=\"end\">\(Escaping.html(last))</text>"
        }
        return text
    }

    private func legend() -> String {
        zip(names, titles).map { "<li><i class=\"\(Escaping.html($0))\"></i>\(Escaping.html($1))</li>" }.joined()
    }
}
