public import ArgumentParser
public import Detection

extension Severity: ExpressibleByArgument {}
