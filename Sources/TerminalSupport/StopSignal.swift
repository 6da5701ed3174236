internal import Glibc
internal import Synchronization

/// Remembers that SIGTERM, SIGINT or SIGHUP came, for loops that end at a consistent point.
public enum StopSignal {
    private static let raised = Atomic(false)

    public static var isRaised: Bool { raised.load(ordering: .relaxed) }

    /// From here on these signals end nothing by themselves.
    public static func watch() {
        // The first access sets the value up; a signal handler must not be the one to do it.
        raised.store(false, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in StopSignal.raised.store(true, ordering: .relaxed) }
        // Without SA_RESTART, so that waiting calls return.
        action.sa_flags = 0
        var watched = sigset_t()
        sigemptyset(&watched)
        for number in [SIGTERM, SIGINT, SIGHUP] {
            sigaction(number, &action, nil)
            sigaddset(&watched, number)
        }
        // Some programs start others with signals blocked, and those would then never end in order.
        pthread_sigmask(SIG_UNBLOCK, &watched, nil)
    }

    /// Waits, at most as long as asked; a signal ends it.
    public static func sleep(milliseconds: Int32) {
        poll(nil, 0, milliseconds)
    }
}
