package import GRDB

/// Which flow a (Connector, connection) is: an index from 48 bits of a keyed hash to numbers of flows.
///
/// A B-tree over random keys would rewrite a page for every flow. Here every batch adds a sorted run, and runs of like size are merged
/// four at a time, so that there are few; a filter per run spares looking into those that do not have a key. Keys may collide: whoever
/// asks compares the flows found.
package final class IdentityRuns {
    private struct Run {
        var id: Int64
        var base: Int64
        var entries: Int
        var firstPage: Int64
        var fences: [UInt64]
        /// Nil until it is needed.
        var filter: IdentityFilter?

        /// Runs of one level are within a factor of four of each other.
        var level: Int { (Int.bitWidth - entries.leadingZeroBitCount) / 2 }
        var pages: Int { fences.count }
    }

    /// A flow that may be the one that is looked for.
    package struct Candidate {
        /// The caller's number of the key.
        package var tag: Int
        package var flowID: Int64
    }

    /// So many runs of one level become one of the next.
    private static let fanOut = 4
    /// Larger runs are not merged any more: a merge must fit into a transaction.
    private static let maxEntries = 1 << 24
    /// Filters kept in memory; beyond that, those of the largest runs are not used.
    private static let filterLimit = 64 << 20
    /// With fewer keys to look for than one in so many of a run's, its pages are asked directly.
    private static let directShare = 2_000

    private var runs: [Run] = []
    private var nextRun: Int64 = 1
    private var nextPage: Int64 = 1
    private var filterBytes = 0
    private let insertRun: RawStatement
    private let deleteRun: RawStatement
    private let insertPage: RawStatement
    private let deletePages: RawStatement
    private let selectPage: RawStatement
    private let selectFilter: RawStatement

    package init(_ database: Database) throws {
        insertRun = try RawStatement(
            database,
            "INSERT INTO identity_run (run_id, base_flow, entries, first_page, fences, filter) VALUES (?, ?, ?, ?, ?, ?)")
        deleteRun = try RawStatement(database, "DELETE FROM identity_run WHERE run_id = ?")
        insertPage = try RawStatement(database, "INSERT INTO identity_page (page_id, entries) VALUES (?, ?)")
        deletePages = try RawStatement(database, "DELETE FROM identity_page WHERE page_id >= ? AND page_id < ?")
        selectPage = try RawStatement(database, "SELECT entries FROM identity_page WHERE page_id = ?")
        selectFilter = try RawStatement(database, "SELECT filter FROM identity_run WHERE run_id = ?")
        try load(database)
    }

    /// The key of a hash.
    @inline(__always)
    package static func key(_ hash: UInt64) -> UInt64 { hash >> 16 }

    package var isEmpty: Bool { runs.isEmpty }

    private func load(_ database: Database) throws {
        let statement = try RawStatement(
            database, "SELECT run_id, base_flow, entries, first_page, fences FROM identity_run ORDER BY run_id")
        while try statement.step() {
            let fences = statement.withBlob(4) { bytes in
                (0..<bytes.count / 8).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
            }
            runs.append(
                Run(
                    id: statement.integer(0), base: statement.integer(1), entries: Int(clamping: statement.integer(2)),
                    firstPage: statement.integer(3), fences: fences, filter: nil))
        }
        statement.reset()
        nextRun = (runs.last?.id ?? 0) + 1
        nextPage = try Int64.fetchOne(database, sql: "SELECT coalesce(max(page_id), 0) + 1 FROM identity_page") ?? 1
    }

    // MARK: Looking up

    /// The flows that may have the keys, which ascend; `tag` gives back what the caller calls a key.
    package func find(_ keys: [UInt64], tag: (Int) -> Int) throws -> [Candidate] {
        var found: [Candidate] = []
        for index in runs.indices {
            if keys.count >= runs[index].entries / IdentityRuns.directShare { try loadFilter(index) }
            try find(keys, in: runs[index], tag, &found)
        }
        return found
    }

    private func find(_ keys: [UInt64], in run: Run, _ tag: (Int) -> Int, _ found: inout [Candidate]) throws {
        var page = -1
        var fence = 0
        defer { selectPage.reset() }
        for (index, key) in keys.enumerated() {
            if let filter = run.filter, !filter.mayContain(key) { continue }
            // Keys ascend, and so do fences. Equal keys are never cut apart, so one page has them all.
            fence = IdentityRuns.page(of: key, run.fences, from: fence)
            if fence != page {
                selectPage.reset()
                selectPage.bind(1, run.firstPage + Int64(fence))
                guard try selectPage.step() else { continue }
                page = fence
            }
            selectPage.withBlob(0) { bytes in
                var place = IdentityPage.lowerBound(bytes, key)
                while place < IdentityPage.count(bytes), IdentityPage.key(bytes, place) == key {
                    found.append(Candidate(tag: tag(index), flowID: run.base + Int64(IdentityPage.flow(bytes, place))))
                    place += 1
                }
            }
        }
    }

    /// The last page whose fence is not above `key`, at or behind `start`.
    private static func page(of key: UInt64, _ fences: [UInt64], from start: Int) -> Int {
        // Steps that double find a near place at once and a far one in few.
        var step = 1
        var low = start
        while low + step < fences.count, fences[low + step] <= key {
            low += step
            step *= 2
        }
        var high = min(low + step, fences.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if fences[middle] <= key { low = middle } else { high = middle }
        }
        return low
    }

    private func loadFilter(_ index: Int) throws {
        guard runs[index].filter == nil else { return }
        selectFilter.bind(1, runs[index].id)
        defer { selectFilter.reset() }
        guard try selectFilter.step() else { return }
        let filter = selectFilter.withBlob(0) { bytes in
            filterBytes + bytes.count > IdentityRuns.filterLimit ? nil : IdentityFilter(bytes)
        }
        guard let filter else { return }
        runs[index].filter = filter
        filterBytes += filter.byteCount
    }

    // MARK: Adding

    /// Adds the identities of flows from `base` on: keys, which ascend, and numbers less `base`.
    package func add(base: Int64, _ entries: [(key: UInt64, flow: UInt32)]) throws {
        guard !entries.isEmpty else { return }
        var writer = RunWriter(expecting: entries.count, firstPage: nextPage)
        for entry in entries { try writer.append(entry.key, entry.flow, insertPage) }
        try finish(&writer, base: base, entries: entries.count)
        try mergeWhereDue()
    }

    private func finish(_ writer: inout RunWriter, base: Int64, entries: Int) throws {
        try writer.finish(insertPage)
        let run = Run(
            id: nextRun, base: base, entries: entries, firstPage: writer.firstPage, fences: writer.fences, filter: writer.filter)
        insertRun.bind(1, run.id)
        insertRun.bind(2, run.base)
        insertRun.bind(3, Int64(run.entries))
        insertRun.bind(4, run.firstPage)
        insertRun.bind(5, blob: IdentityRuns.bytes(of: run.fences))
        insertRun.bind(6, blob: writer.filter.bytes)
        try insertRun.run()
        nextRun += 1
        nextPage = writer.firstPage + Int64(run.pages)
        runs.append(run)
        filterBytes += writer.filter.byteCount
        if filterBytes > IdentityRuns.filterLimit, let largest = runs.indices.max(by: { runs[$0].entries < runs[$1].entries }) {
            filterBytes -= runs[largest].filter?.byteCount ?? 0
            runs[largest].filter = nil
        }
    }

    private static func bytes(of fences: [UInt64]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(fences.count * 8)
        for fence in fences { withUnsafeBytes(of: fence.littleEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    private func mergeWhereDue() throws {
        while let newest = runs.last {
            let alike = runs.reversed().prefix { $0.level <= newest.level }
            let total = alike.reduce(0) { $0 + $1.entries }
            guard alike.count >= IdentityRuns.fanOut, total <= IdentityRuns.maxEntries else { return }
            try merge(count: alike.count, total: total)
        }
    }

    /// Makes one run of the newest few.
    private func merge(count: Int, total: Int) throws {
        for index in runs.indices.suffix(count) {
            // Filters of the parts are not asked any more; the new one takes as much memory as they did.
            filterBytes -= runs[index].filter?.byteCount ?? 0
            runs[index].filter = nil
        }
        let parts = runs.suffix(count)
        guard let base = parts.map(\.base).min() else { return }
        var writer = RunWriter(expecting: total, firstPage: nextPage)
        var readers: [RunReader] = []
        for part in parts {
            var reader = RunReader(firstPage: part.firstPage, pages: part.pages, shift: UInt32(clamping: part.base - base))
            try reader.load(selectPage)
            readers.append(reader)
        }
        while true {
            // Four or few more: looking at each is faster than a heap.
            var best = -1
            var least = UInt64.max
            for index in readers.indices where readers[index].key < least {
                best = index
                least = readers[index].key
            }
            guard best >= 0 else { break }
            try writer.append(least, readers[best].flow, insertPage)
            try readers[best].advance(selectPage)
        }
        for part in parts {
            deletePages.bind(1, part.firstPage)
            deletePages.bind(2, part.firstPage + Int64(part.pages))
            try deletePages.run()
            deleteRun.bind(1, part.id)
            try deleteRun.run()
        }
        runs.removeLast(parts.count)
        try finish(&writer, base: base, entries: total)
    }
}

/// Cuts ascending entries into pages.
private struct RunWriter {
    let firstPage: Int64
    private(set) var fences: [UInt64] = []
    private(set) var filter: IdentityFilter
    private var page: [UInt8] = []
    private var count = 0
    private var last: UInt64 = 0

    init(expecting entries: Int, firstPage: Int64) {
        self.firstPage = firstPage
        filter = IdentityFilter(expecting: entries)
        page.reserveCapacity(IdentityPage.entries * IdentityPage.entryBytes)
    }

    mutating func append(_ key: UInt64, _ flow: UInt32, _ insert: RawStatement) throws {
        // Equal keys stay together, even if a page grows beyond its size with them.
        if count >= IdentityPage.entries, key != last { try finish(insert) }
        if count == 0 { fences.append(key) }
        IdentityPage.append(key, flow, to: &page)
        filter.insert(key)
        count += 1
        last = key
    }

    mutating func finish(_ insert: RawStatement) throws {
        guard count > 0 else { return }
        insert.bind(1, firstPage + Int64(fences.count) - 1)
        insert.bind(2, blob: page)
        try insert.run()
        page.removeAll(keepingCapacity: true)
        count = 0
    }
}

/// Reads a run from its first entry to its last.
private struct RunReader {
    private let firstPage: Int64
    private let pages: Int
    private let shift: UInt32
    private var page = 0
    private var bytes: [UInt8] = []
    private var place = 0
    /// The key at hand; `UInt64.max` behind the last.
    private(set) var key = UInt64.max
    private(set) var flow: UInt32 = 0

    init(firstPage: Int64, pages: Int, shift: UInt32) {
        self.firstPage = firstPage
        self.pages = pages
        self.shift = shift
    }

    mutating func load(_ select: RawStatement) throws {
        key = .max
        place = 0
        guard page < pages else { return }
        select.bind(1, firstPage + Int64(page))
        if try select.step() {
            select.withBlob(0) { found in
                bytes.removeAll(keepingCapacity: true)
                bytes.append(contentsOf: found)
            }
        } else {
            bytes.removeAll()
        }
        select.reset()
        page += 1
        if !bytes.isEmpty { take() } else { try load(select) }
    }

    mutating func advance(_ select: RawStatement) throws {
        place += 1
        if place * IdentityPage.entryBytes < bytes.count { take() } else { try load(select) }
    }

    private mutating func take() {
        bytes.withUnsafeBytes { buffer in
            key = IdentityPage.key(buffer, place)
            flow = IdentityPage.flow(buffer, place) &+ shift
        }
    }
}
