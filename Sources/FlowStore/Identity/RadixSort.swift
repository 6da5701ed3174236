/// Sorts 64-bit words of which the upper 48 bits count, in linear time; equal ones stay in their order.
package struct RadixSort {

    package init() {
    }
    private static let digitBits = 12
    private static let digits = 4
    private static let lowestBit = 16

    private var scratch: [UInt64] = []
    private var counts = [Int](repeating: 0, count: 1 << digitBits)

    package mutating func sort(_ words: inout [UInt64]) {
        let count = words.count
        if scratch.count < count { scratch = [UInt64](repeating: 0, count: count) }
        let mask = UInt64(1 << RadixSort.digitBits) - 1
        words.withUnsafeMutableBufferPointer { left in
            scratch.withUnsafeMutableBufferPointer { right in
                counts.withUnsafeMutableBufferPointer { counts in
                    var from = left
                    var to = right
                    for digit in 0..<RadixSort.digits {
                        let shift = UInt64(RadixSort.lowestBit + digit * RadixSort.digitBits)
                        counts.update(repeating: 0)
                        for index in 0..<count { counts[Int(truncatingIfNeeded: (from[index] >> shift) & mask)] += 1 }
                        var sum = 0
                        for value in counts.indices {
                            let here = counts[value]
                            counts[value] = sum
                            sum += here
                        }
                        for index in 0..<count {
                            let value = Int(truncatingIfNeeded: (from[index] >> shift) & mask)
                            to[counts[value]] = from[index]
                            counts[value] += 1
                        }
                        swap(&from, &to)
                    }
                    // An even number of passes: the words are back where they came from.
                }
            }
        }
    }
}
