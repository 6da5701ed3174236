// swift-tools-version: 6.1
import PackageDescription

// Nested, so that nothing of it reaches users. `run.sh` builds it with libFuzzer's instrumentation.
let package = Package(
    name: "twin-fuzz",
    dependencies: [.package(name: "twin-audit", path: "..")],
    targets: [
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "CFuzzer",
                .product(name: "FlowJournal", package: "twin-audit"),
                .product(name: "LogFormats", package: "twin-audit"),
                .product(name: "PolicyDocuments", package: "twin-audit"),
                .product(name: "QueryCatalogue", package: "twin-audit"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
