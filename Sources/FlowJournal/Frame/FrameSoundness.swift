/// Whether a frame is whole: one answer for reader, writer and verifier.
final class FrameSoundness {
    private let inflater = FrameInflater()
    private var lines: [UInt8] = []

    /// What is wrong with the member, or nil: it must inflate to what its header says, checksum and lengths included, hold the records, sequences,
    /// timestamps and flags that the header states, and leave no bit unused but as zero.
    func problem(_ member: UnsafeRawBufferPointer, _ header: FrameHeader) -> String? {
        inspect(member, header) { _ in }
    }

    /// As `problem`, and hands out the lines when they inflate.
    func inspect(_ member: UnsafeRawBufferPointer, _ header: FrameHeader, _ body: (UnsafeRawBufferPointer) -> Void) -> String? {
        let inflater = self.inflater
        return lines.withMutableBytes(count: Int(header.inflatedLength)) { buffer in
            let count: Int
            do throws(FrameProblem) {
                count = try inflater.inflate(member, header, into: buffer)
            } catch {
                return error.description
            }
            let lines = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            body(lines)
            return FrameContents.check(lines, against: header) ?? inflater.unusedBits(of: member, scratch: buffer)
        }
    }

    /// Hands out the lines when the member inflates to the checksum and the lengths that its header states; gives what is wrong else.
    func lines(_ member: UnsafeRawBufferPointer, _ header: FrameHeader, _ body: (UnsafeRawBufferPointer) -> Void) -> String? {
        let inflater = self.inflater
        return lines.withMutableBytes(count: Int(header.inflatedLength)) { buffer in
            do throws(FrameProblem) {
                body(UnsafeRawBufferPointer(rebasing: buffer[..<(try inflater.inflate(member, header, into: buffer))]))
                return nil
            } catch {
                return error.description
            }
        }
    }
}
