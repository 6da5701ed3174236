// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nothing that only measures ever reaches users.
let package = Package(
    name: "benchmarks",
    dependencies: [
        .package(name: "twin-audit", path: ".."),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .executableTarget(
            name: "twin-bench",
            dependencies: [
                .product(name: "FlowJournal", package: "twin-audit"),
                .product(name: "AccessPolicy", package: "twin-audit"),
                .product(name: "PolicyDocuments", package: "twin-audit"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
