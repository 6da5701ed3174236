public import ArgumentParser
public import Detection
internal import QueryLibrary

extension Severity: ExpressibleByArgument {}
