internal import GRDB
internal import GRDBSQLite

/// The aggregate and window function `sum` of this program's connections: as SQLite's own, but a sum of whole numbers that passes 2^63−1 is
/// 2^63−1, where SQLite's ends the statement by an error.
///
/// A sum that was cut off is known by that value: no counter of a record is that large. It stays so in sums of sums.
enum SaturatingSum {
    static func register(in database: Database) throws {
        let status = sqlite3_create_window_function(
            database.sqliteConnection, "sum", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nil,
            { context, _, values in
                guard let state = State.of(context), let value = values?[0] else { return }
                state.pointee.add(value, sign: 1)
            },
            { context in
                // No memory without a row.
                guard let memory = sqlite3_aggregate_context(context, 0) else { return sqlite3_result_null(context) }
                memory.assumingMemoryBound(to: State.self).pointee.give(to: context)
            },
            { context in
                guard let state = State.of(context) else { return sqlite3_result_null(context) }
                state.pointee.give(to: context)
            },
            { context, _, values in
                guard let state = State.of(context), let value = values?[0] else { return }
                state.pointee.add(value, sign: -1)
            }, nil)
        guard status == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: status)) }
    }

    /// Begins as zeros, which is no value.
    private struct State {
        /// The sum of whole numbers, of 128 bits.
        var low: UInt64
        var high: Int64
        /// Numbers that were cut off already.
        var cut: Int64
        /// The sum of others, and what was lost in rounding.
        var real: Double
        var lost: Double
        var reals: Int64
        var count: Int64

        static func of(_ context: OpaquePointer?) -> UnsafeMutablePointer<State>? {
            sqlite3_aggregate_context(context, Int32(MemoryLayout<State>.size))?.assumingMemoryBound(to: State.self)
        }

        mutating func add(_ value: OpaquePointer, sign: Int64) {
            let type = sqlite3_value_numeric_type(value)
            guard type != SQLITE_NULL else { return }
            count &+= sign
            guard type == SQLITE_INTEGER else {
                reals &+= sign
                return addReal(sqlite3_value_double(value) * Double(sign))
            }
            let number = sqlite3_value_int64(value)
            if number == .max { cut &+= sign }
            let word = UInt64(bitPattern: number)
            let signs: Int64 = number < 0 ? -1 : 0
            if sign > 0 {
                let (sum, carry) = low.addingReportingOverflow(word)
                low = sum
                high = high &+ signs &+ (carry ? 1 : 0)
            } else {
                let (difference, borrow) = low.subtractingReportingOverflow(word)
                low = difference
                high = high &- signs &- (borrow ? 1 : 0)
            }
        }

        private mutating func addReal(_ number: Double) {
            let sum = real + number
            if sum.isFinite { lost += real.magnitude >= number.magnitude ? real - sum + number : number - sum + real }
            real = sum
        }

        func give(to context: OpaquePointer?) {
            guard count > 0 else { return sqlite3_result_null(context) }
            guard reals == 0 else {
                let whole = Double(high) * 0x1p64 + Double(low)
                return sqlite3_result_double(context, real.isFinite ? real + lost + whole : real)
            }
            if cut > 0 { return sqlite3_result_int64(context, .max) }
            let number = Int64(bitPattern: low)
            let fits = high == (number < 0 ? -1 : 0)
            sqlite3_result_int64(context, fits ? number : high < 0 ? .min : .max)
        }
    }
}
