public import ArgumentParser
public import Detection
internal import QueryCatalogue
internal import QueryLibrary

extension Severity: ExpressibleByArgument {}
