public import ArgumentParser
public import Detection
public import QueryLibrary

extension Severity: ExpressibleByArgument {}
