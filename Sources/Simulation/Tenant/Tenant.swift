internal import FlowModel

/// Everything of a simulated tenant that no policy change alters: who and what there is. Parts refer to each other by index.
struct Tenant: Sendable {
    struct Network: Sendable {
        var id: String
        var name: String
        /// The addresses of its hosts, a /16.
        var block: AddressBlock
        var connectors: [Int] = []
    }

    struct Connector: Sendable {
        var id: String
        var name: String
        var network: Int
    }

    struct Group: Sendable {
        var id: String
        var name: String
        /// The group that every user is a member of.
        var isEveryone: Bool
    }

    struct User: Sendable {
        var id: String
        var email: String
        /// Two devices; the first is trusted.
        var devices: [String]
        /// Ascending; the first is Everyone.
        var groups: [Int]
        /// An index into `places`.
        var place: Int
        /// The address that the user's home network shows to the world.
        var homeAddress: IPAddress
    }

    struct ServiceAccount: Sendable {
        struct Key: Sendable {
            var id: String
            var name: String
        }

        var id: String
        var name: String
        /// In the order of use: when one is revoked, the job goes on with the next.
        var keys: [Key]
        /// Granted directly, not through a group.
        var resources: [Int]
        var device: String
        var address: IPAddress
    }

    /// A town with the address that the office there shows to the world.
    struct Place: Sendable {
        var city: String
        var country: String
        var region: String
        /// Ten-thousandths of a degree.
        var latitude: Int
        var longitude: Int
        var officeAddress: IPAddress
    }

    var domain: String
    var networks: [Network] = []
    var connectors: [Connector] = []
    var groups: [Group] = []
    var users: [User] = []
    var serviceAccounts: [ServiceAccount] = []
    var resources: [SimulatedResource] = []
    var places: [Place] = []
}

/// A Resource with the hosts behind it.
struct SimulatedResource: Sendable {
    enum Form: Sendable {
        case name
        case wildcard
        case address
        case block
        /// A name whose traffic must not be carried.
        case bypass
    }

    /// One thing that can be dialled.
    struct Host: Sendable {
        /// A name, or an address where the Resource is one.
        var dialled: String
        var address: IPAddress
    }

    var id: String
    var name: String
    var form: Form
    /// The definition: `git.fra.example.com`, `*.apps.example.com`, `10.1.2.0/24`.
    var address: String
    var alias: String?
    /// Where it stands when the period begins.
    var network: Int
    var transport = TransportProtocol.tcp
    var ports: [UInt16]
    var hosts: [Host]
    /// A broader Resource, granted to the same groups, that covers this one too.
    var coveredBy: Int?
    /// Its security policy asks for a trusted device.
    var needsTrustedDevice = false
}
