/// The words that simulated names are made of. Nothing here names anybody.
enum Vocabulary {
    /// Reserved for documentation (RFC 2606), so that no simulated name is anybody's.
    static let domain = "corp.example.com"
    static let outsideDomain = "example.net"

    /// A real network is named by people; one of these has a name that is not ASCII.
    static let networks: [(name: String, label: String)] = [
        ("🏢 Headquarters", "hq"), ("AWS eu-west-1", "euw"), ("GCP production", "prod"), ("Frankfurt data centre", "fra"),
        ("Azure us-east", "use"), ("Plant north", "plant"), ("Laboratory", "lab"), ("Staging", "stg"),
    ]

    static let adjectives = [
        "amber", "brisk", "calm", "dapper", "eager", "fine", "gentle", "hardy", "ivory", "jolly", "keen", "lucid", "mellow",
        "nimble",
        "opal", "proud", "quiet", "rustic", "swift", "tidy", "umber", "vivid", "witty", "zesty",
    ]

    static let animals = [
        "badger", "crane", "dingo", "egret", "ferret", "gecko", "heron", "ibex", "jackal", "koala", "lemur", "marten", "newt",
        "otter",
        "puffin", "quokka", "raven", "stoat", "tapir", "vole", "wombat", "yak",
    ]

    static let departments = [
        "Engineering", "Operations", "Finance", "Sales", "Support", "Data", "Security", "Design", "Legal", "People", "Research",
        "Contractors",
    ]

    struct Service: Sendable {
        var name: String
        var ports: [UInt16]
    }

    static let services = [
        Service(name: "wiki", ports: [443]), Service(name: "git", ports: [22, 443]), Service(name: "ci", ports: [443, 8080]),
        Service(name: "postgres", ports: [5432]), Service(name: "grafana", ports: [443, 3000]),
        Service(name: "redis", ports: [6379]),
        Service(name: "erp", ports: [443]), Service(name: "payroll", ports: [443]), Service(name: "tickets", ports: [443]),
        Service(name: "mysql", ports: [3306]), Service(name: "registry", ports: [443, 5000]), Service(name: "vault", ports: [8200]),
        Service(name: "kafka", ports: [9092]), Service(name: "search", ports: [9200]), Service(name: "desktop", ports: [3389]),
        Service(name: "files", ports: [445]), Service(name: "bastion", ports: [22]), Service(name: "metrics", ports: [9090]),
        Service(name: "queue", ports: [5672]), Service(name: "kube", ports: [6443]),
    ]

    /// Targets of regular jobs and the names of the service accounts that run them.
    static let jobs = ["backup", "ci-runner", "inventory", "metrics-scrape", "replication", "report-mailer", "scanner", "sync"]

    static let cities: [(city: String, country: String, region: String, latitude: Int, longitude: Int)] = [
        ("Berlin", "DE", "BE", 525_200, 134_050), ("Lisbon", "PT", "11", 387_220, -91_390),
        ("Toronto", "CA", "ON", 436_530, -793_830),
        ("Austin", "US", "TX", 302_670, -977_430), ("Osaka", "JP", "27", 346_940, 1_355_020),
        ("Nairobi", "KE", "30", -12_860, 368_170),
    ]

    static let errors = ["connection refused", "connection timed out", "no route to host", "name does not resolve"]
}
