internal import ArgumentParser

@main
struct Program: ParsableCommand {}
