public import AccessPolicy

extension LocationEvidence {
    /// Reads the JSON text that Connectors log: `{"geoip":{"country":"DE",…}}`. Nil when it names no country.
    public init?(json text: String) {
        guard let root = try? DocumentNode.read(Array(text.utf8), file: ""),
            let country = (root["geoip"] ?? root)["country"], case .scalar(let name, _) = country.content, !name.isEmpty
        else { return nil }
        self.init(country: name)
    }
}
