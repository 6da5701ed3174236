import Glibc

enum Processors {
    /// Cores that are online.
    static let count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
