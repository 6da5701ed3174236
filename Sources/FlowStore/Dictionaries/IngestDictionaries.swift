package import GRDB

/// The dictionaries of what flows share, as an ingest fills them: new rows are held back until `flush`, so that numbering them need not wait
/// for the connection.
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

    /// Writes what is held back, aggregates aside: those are written with the flows that are counted under them. The caller has reclaimed the
    /// connection.
    package func flush() throws {
        try texts.flush()
        try clients.flush()
        try destinations.flush()
        try routes.flush()
        try remarks.flush()
    }
}
