public import AccessPolicy
public import ArgumentParser
public import LogFormats
public import Replay

// Values that options take by their raw names.

extension InputFormat: ExpressibleByArgument {}
extension EngineOptions.Selection: ExpressibleByArgument {}
extension WhatIf.Baseline: ExpressibleByArgument {}
extension UnusedPart.Kind: ExpressibleByArgument {}
