package import GRDB

/// The dictionaries of what flows share, as an ingest fills them: new rows are held back until `takeUnwritten`, so that numbering them need
/// not wait for the connection.
package final class IngestDictionaries {
    package let texts: TextDictionary
    package let clients: TupleDictionary<ClientKey>
    package let destinations: TupleDictionary<DestinationKey>
    package let routes: TupleDictionary<RouteKey>
    package let remarks: RemarkDictionary
    package let aggregates: TupleDictionary<AggregateKey>
    let background: BackgroundWriter

    /// Combinations of clients and destinations are many more than either.
    private static let rememberedAggregates = 1 << 19

    package init(_ database: Database, _ background: BackgroundWriter) throws {
        self.background = background
        texts = try TextDictionary(database, background: background)
        clients = try TupleDictionary(database, background: background)
        destinations = try TupleDictionary(database, background: background)
        routes = try TupleDictionary(database, background: background)
        remarks = try RemarkDictionary(database, background: background)
        aggregates = try TupleDictionary(database, background: background, limit: IngestDictionaries.rememberedAggregates)
    }

    /// Writes what is held back; the caller has reclaimed the connection.
    package func flush() throws { try takeUnwritten()() }

    /// Takes what is held back, and gives what writes it with the connection; what was taken before was written. All of the dictionaries may
    /// be asked meanwhile.
    package func takeUnwritten() -> () throws -> Void {
        let writes = [
            texts.takeUnwritten(), clients.takeUnwritten(), destinations.takeUnwritten(), routes.takeUnwritten(),
            remarks.takeUnwritten(), aggregates.takeUnwritten(),
        ]
        return { for write in writes { try write() } }
    }
}
