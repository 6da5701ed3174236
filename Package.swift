// swift-tools-version: 6.1
import PackageDescription

/// One set of language rules for every Swift target.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// With `TWIN_CHECKED` in the environment a debug build optimises the modules that work hardest. All that a debug build checks (bounds,
/// overflow, assertions, what unsafe code is passed) it checks then, too.
let checked: [SwiftSetting] =
    Context.environment["TWIN_CHECKED"] == nil
    ? [] : [.unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))]

/// Relocations packed: programs start a millisecond earlier.
let linking: [LinkerSetting] = [
    .unsafeFlags(["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"], .when(platforms: [.linux]))
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

/// A module may use only what stands above it in this list; `Tests/DocumentationTests` reads the imports and checks it.
let modules: [Target] = [
    .systemLibrary(
        name: "CZlib", pkgConfig: "zlib",
        providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CDeflate", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CPrefetch"),
    .target(name: "CSQLiteBatch", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(name: "TextEncodings", swiftSettings: strict + checked),
    .target(name: "FileAccess", swiftSettings: strict),
    .target(name: "Wording", dependencies: ["TextEncodings"], swiftSettings: strict),
    .target(name: "FlowModel", dependencies: ["TextEncodings"], swiftSettings: strict + checked),
    .target(name: "AccessPolicy", dependencies: ["TextEncodings", "FlowModel", "Wording", crypto], swiftSettings: strict + checked),
    .target(
        name: "PolicyDocuments", dependencies: ["TextEncodings", "FileAccess", "FlowModel", "Wording", "AccessPolicy", yams],
        swiftSettings: strict),
    .target(
        name: "FlowJournal", dependencies: ["TextEncodings", "FileAccess", "FlowModel", "CDeflate", "CZlib", crypto],
        swiftSettings: strict + checked),
    .target(name: "LogFormats", dependencies: ["TextEncodings", "FlowModel"], swiftSettings: strict + checked),
    .target(
        name: "FlowStore",
        dependencies: [
            "TextEncodings", "FlowModel", "Wording", "AccessPolicy", "PolicyDocuments", "CPrefetch", "CSQLiteBatch", crypto, grdb,
            grdbSQLite,
        ],
        swiftSettings: strict + checked),
    .target(
        name: "Ingest",
        dependencies: [
            "TextEncodings", "FileAccess", "FlowModel", "AccessPolicy", "FlowJournal", "LogFormats", "FlowStore", "CPrefetch", crypto,
        ],
        swiftSettings: strict + checked),
    .target(
        name: "Replay", dependencies: ["FlowModel", "AccessPolicy", "PolicyDocuments", "FlowStore"],
        swiftSettings: strict),
    .plugin(name: "EmbedQueries", capability: .buildTool()),
    .target(name: "BuiltInQueries", swiftSettings: strict, plugins: ["EmbedQueries"]),
    .target(
        name: "QueryCatalogue", dependencies: ["TextEncodings", "FileAccess", "FlowModel", "BuiltInQueries", yams],
        swiftSettings: strict),
    .target(
        name: "QueryLibrary", dependencies: ["FlowModel", "FlowStore", "QueryCatalogue"],
        swiftSettings: strict),
    .target(
        name: "Detection", dependencies: ["TextEncodings", "FlowModel", "FlowStore", "QueryCatalogue", "QueryLibrary", crypto, yams],
        swiftSettings: strict),
    .target(
        name: "Reporting",
        dependencies: [
            "TextEncodings", "FlowModel", "Wording", "AccessPolicy", "FlowStore", "Replay", "QueryCatalogue", "QueryLibrary", "Detection",
        ],
        swiftSettings: strict),
    .target(
        name: "Simulation", dependencies: ["TextEncodings", "FileAccess", "FlowModel", "AccessPolicy", "PolicyDocuments", "FlowJournal"],
        swiftSettings: strict),
    .target(
        name: "TerminalSupport",
        dependencies: ["TextEncodings", "FileAccess", "FlowModel", "Wording", "FlowJournal", argumentParser],
        swiftSettings: strict),
]

let programs: [Target] = [
    .executableTarget(
        name: "twin-audit",
        dependencies: [
            "TextEncodings", "FlowModel", "AccessPolicy", "PolicyDocuments", "FlowJournal", "LogFormats", "FlowStore", "Ingest", "Replay",
            "QueryCatalogue", "QueryLibrary", "Detection", "Reporting", "Wording", "TerminalSupport", argumentParser,
        ],
        swiftSettings: strict, linkerSettings: linking),
    .executableTarget(
        name: "twin-journal",
        dependencies: [
            "TextEncodings", "FileAccess", "FlowModel", "FlowJournal", "LogFormats", "Wording", "TerminalSupport", argumentParser,
        ],
        swiftSettings: strict, linkerSettings: linking),
    .executableTarget(
        name: "twin-simulate",
        dependencies: ["FlowModel", "AccessPolicy", "FlowJournal", "Simulation", "Wording", "TerminalSupport", argumentParser],
        swiftSettings: strict, linkerSettings: linking),
]

/// `data`: what the tests read where it lies.
func tests(_ module: String, _ more: [Target.Dependency] = [], data: [String] = []) -> Target {
    .testTarget(
        name: "\(module)Tests",
        dependencies: [.target(name: module)] + more,
        exclude: data,
        swiftSettings: strict)
}

let suites: [Target] = [
    .target(
        name: "TenantFixture", dependencies: ["FlowModel", "AccessPolicy", "PolicyDocuments", "FlowStore", "Ingest"],
        path: "Tests/TenantFixture", swiftSettings: strict),
    .target(
        name: "RandomPolicies", dependencies: ["FlowModel", "AccessPolicy"], path: "Tests/RandomPolicies", swiftSettings: strict),
    tests("FlowModel"),
    tests("TextEncodings"),
    tests("FileAccess"),
    tests("Wording", ["TextEncodings"]),
    tests("AccessPolicy", ["FlowModel", "RandomPolicies"]),
    tests("PolicyDocuments", ["FlowModel", "AccessPolicy", "RandomPolicies"]),
    tests("FlowJournal", ["FlowModel", "TextEncodings", "CDeflate", "CZlib", crypto]),
    tests("LogFormats", ["FlowModel", "TextEncodings"]),
    tests(
        "Ingest", ["FlowModel", "AccessPolicy", "PolicyDocuments", "FlowJournal", "LogFormats", "FlowStore", "CZlib", grdb],
        data: ["Fixtures"]),
    tests("Replay", ["FlowModel", "AccessPolicy", "PolicyDocuments", "FlowStore", "Ingest"]),
    tests("QueryLibrary", ["FlowModel", "FlowStore", "QueryCatalogue", "TenantFixture"]),
    tests("Detection", ["FlowModel", "AccessPolicy", "FlowStore", "QueryCatalogue", "QueryLibrary", "TenantFixture", grdb]),
    tests(
        "Reporting", ["FlowModel", "AccessPolicy", "FlowStore", "Replay", "QueryCatalogue", "QueryLibrary", "Detection", "TenantFixture"]),
    tests("Simulation", ["FlowModel", "AccessPolicy", "PolicyDocuments", "FlowJournal"]),
    tests("TerminalSupport", ["FlowModel", argumentParser]),
    .testTarget(
        name: "CommandTests",
        dependencies: ["twin-audit", "twin-journal", "twin-simulate", "PolicyDocuments", "FlowModel"],
        swiftSettings: strict),
    .testTarget(
        name: "ConformanceTests",
        dependencies: ["FlowModel", "AccessPolicy", "PolicyDocuments", "FlowJournal", "LogFormats"],
        exclude: ["formats", "journal", "policy"],
        swiftSettings: strict),
    .testTarget(name: "DocumentationTests", exclude: ["tolerated.txt"], swiftSettings: strict),
]

let package = Package(
    name: "twin-audit",
    products: [
        .executable(name: "twin-audit", targets: ["twin-audit"]),
        .executable(name: "twin-journal", targets: ["twin-journal"]),
        .executable(name: "twin-simulate", targets: ["twin-simulate"]),
        .library(name: "FlowJournal", targets: ["FlowModel", "FlowJournal"]),
        .library(name: "LogFormats", targets: ["FlowModel", "LogFormats"]),
        .library(name: "AccessPolicy", targets: ["FlowModel", "AccessPolicy"]),
        .library(name: "QueryCatalogue", targets: ["FlowModel", "QueryCatalogue"]),
        .library(name: "PolicyDocuments", targets: ["FlowModel", "AccessPolicy", "PolicyDocuments"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: modules + programs + suites,
    swiftLanguageModes: [.v6]
)
