//! What is known of regions, compared with what botocore ships: its list of partitions and the cases of its endpoint rules.
// REQ: E-34

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regionmig_core::{HostVariant, NameError, Partition, Region, StsEndpoint};
use serde_json::Value;

/// Regions that newer lists have, and botocore's copy has not.
const NEWER: [&str; 2] = ["me-west-1", "sa-west-1"];

/// What services are called in their hosts, where it is not the file's name.
const PREFIXES: [(&str, &str); 2] = [("accessanalyzer", "access-analyzer"), ("sso-admin", "sso")];

/// The service and why its host is another than the general rule makes, in the order of both, with the number of such cases.
const DIFFER: [(&str, &str, usize); 15] = [
    ("accessanalyzer", GOVCLOUD, 2),
    ("acm", OTHER_API, 4),
    ("acm", GOVCLOUD, 1),
    ("acm-pca", GOVCLOUD, 2),
    ("cognito-identity", SUFFIX, 8),
    ("cognito-idp", SUFFIX, 5),
    ("events", OTHER_API, 6),
    ("events", GOVCLOUD, 4),
    ("guardduty", GOVCLOUD, 2),
    ("iam", GLOBAL, 15),
    ("identitystore", GOVCLOUD, 2),
    ("secretsmanager", SUFFIX, 5),
    ("sso-admin", GOVCLOUD, 2),
    ("sts", GLOBAL, 17),
    ("sts", GOVCLOUD, 2),
];

const GLOBAL: &str = "one host a partition";
const GOVCLOUD: &str = "the host in GovCloud without `-fips` is the FIPS one";
const OTHER_API: &str = "hosts of another kind, with a setting of their own";
const SUFFIX: &str = "dual stack under the plain suffix";

#[test]
fn botocores_partitions_and_regions_are_known_by_the_same_facts() {
    let Some(list) = read("partitions.json") else {
        println!("skipped: region_facts partitions");
        return;
    };
    let partitions = list["partitions"].as_array().unwrap();
    let names: BTreeSet<&str> = partitions.iter().map(|partition| text(&partition["id"])).collect();
    assert_eq!(names, Partition::known().map(Partition::as_str).collect());
    let mut regions = 0;
    for listed in partitions {
        let partition: Partition = text(&listed["id"]).parse().unwrap();
        let outputs = &listed["outputs"];
        assert_eq!(partition.dns_suffix(), text(&outputs["dnsSuffix"]), "{partition}");
        assert_eq!(partition.dual_stack_suffix(), text(&outputs["dualStackDnsSuffix"]), "{partition}");
        assert_eq!(partition.global_region(), text(&outputs["implicitGlobalRegion"]), "{partition}");
        // `aws-global` and its like are none: they stand for the hosts of global services.
        let is_region = |name: &&str| **name != format!("{partition}-global");
        let titles = listed["regions"].as_object().unwrap().iter();
        let titles: BTreeMap<&str, &str> = titles
            .map(|(name, facts)| (name.as_str(), text(&facts["description"])))
            .filter(|(name, _)| is_region(name))
            .collect();
        let known: Vec<Region> = partition.regions().collect();
        let known = known.iter().filter(|region| titles.contains_key(region.as_str()) || !is_newer(region));
        assert_eq!(known.map(|region| (region.as_str(), region.title().unwrap())).collect::<BTreeMap<_, _>>(), titles);
        regions += titles.len();
    }
    println!("shown: region_facts {regions} regions, {} partitions", partitions.len());
    assert!(regions >= 46, "{regions}");
}

#[test]
// REQ: FED-16
fn sts_endpoints_are_those_of_botocores_cases() {
    let Some(cases) = Case::read("sts") else {
        println!("skipped: region_facts sts");
        return;
    };
    let (ours, theirs): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.region().is_some());
    for case in &ours {
        let endpoint = sts(case).unwrap();
        assert_eq!(Some(endpoint.to_string().as_str()), case.url(), "{case:?}");
        assert_eq!(endpoint.to_string().parse(), Ok(endpoint.clone()), "{case:?}");
        let signed = case.0.pointer("/expect/endpoint/properties/authSchemes/0/signingRegion");
        if let Some(region) = signed {
            assert_eq!(endpoint.signing_region().as_str(), text(region), "{case:?}");
        }
    }
    // Those with an address of the caller's, and the one without a region.
    assert_eq!(theirs.len(), 7, "{theirs:?}");
    println!("shown: region_facts {} of {} STS cases", ours.len(), cases.len());
}

#[test]
fn regional_hosts_are_those_of_botocores_cases_or_it_is_known_why_not() {
    let Some(files) = files() else {
        println!("skipped: region_facts hosts");
        return;
    };
    let (mut all, mut same, mut unasked) = (0, 0, 0);
    let mut differ = BTreeMap::<(&str, &str), usize>::new();
    for service in &files {
        for case in Case::read(service).unwrap() {
            all += 1;
            match case.region() {
                None => unasked += 1,
                Some(_) if case.url() == Some(general(service, &case).as_str()) => same += 1,
                Some(_) => *differ.entry((service.as_str(), why(service, &case))).or_default() += 1,
            }
        }
    }
    let differ: Vec<_> = differ.into_iter().map(|((service, why), count)| (service, why, count)).collect();
    for (service, why, count) in &differ {
        println!("differs: {service}: {count} cases: {why}");
    }
    assert_eq!(differ, DIFFER);
    println!(
        "shown: region_hosts {same} of {all} cases by the general rule, {unasked} without a region or a host of AWS"
    );
}

/// One case of an endpoint rule.
#[derive(Debug)]
struct Case(Value);

impl Case {
    fn read(service: &str) -> Option<Vec<Self>> {
        let file = read(&format!("{service}.endpoint-tests-1.json"))?;
        Some(file["testCases"].as_array().unwrap().iter().cloned().map(Self).collect())
    }

    /// The region, if there is one and the address is not the caller's own.
    fn region(&self) -> Option<&str> {
        let own = &self.0["params"]["Endpoint"];
        self.0["params"]["Region"].as_str().filter(|_| own.is_null())
    }

    fn variant(&self) -> HostVariant {
        HostVariant::of(self.has("UseFIPS"), self.has("UseDualStack"))
    }

    fn has(&self, setting: &str) -> bool {
        self.0["params"][setting] == true
    }

    /// The address, if no error is expected.
    fn url(&self) -> Option<&str> {
        self.0["expect"]["endpoint"]["url"].as_str()
    }
}

/// What we take for a case's endpoint of STS.
fn sts(case: &Case) -> Result<StsEndpoint, NameError> {
    match case.region().unwrap_or_default() {
        // No region, and nothing that a route could hold: another name of the global host.
        "aws-global" => Ok(StsEndpoint::global(Partition::Aws).unwrap()),
        name if case.has("UseGlobalEndpoint") => {
            name.parse().map(|region| StsEndpoint::legacy(&region, case.variant()))
        }
        name => name.parse().map(|region| StsEndpoint::regional(&region, case.variant())),
    }
}

/// The address by the rule that most services follow.
fn general(service: &str, case: &Case) -> String {
    host(service, case, case.variant())
}

fn host(service: &str, case: &Case, variant: HostVariant) -> String {
    let prefix = PREFIXES.iter().find(|row| row.0 == service).map_or(service, |row| row.1);
    let region = case.region().and_then(|name| name.parse::<Region>().ok());
    region.map_or_else(String::new, |region| format!("https://{}", region.host_variant(prefix, variant)))
}

/// Why the address is another. Each reason is looked into, not believed.
fn why(service: &str, case: &Case) -> &'static str {
    let (fips, dual) = (case.has("UseFIPS"), case.has("UseDualStack"));
    let is_host = |variant| case.url() == Some(host(service, case, variant).as_str());
    let params = &case.0["params"];
    if fips && text(&params["Region"]).starts_with("us-gov-") && is_host(HostVariant::of(false, dual)) {
        GOVCLOUD
    } else if dual && is_host(HostVariant::of(fips, false)) {
        SUFFIX
    } else if params["ServiceType"] == "ACM-ACME" || !params["EndpointId"].is_null() {
        OTHER_API
    } else if service == "iam" || (service == "sts" && case.url() == Some("https://sts.amazonaws.com")) {
        GLOBAL
    } else {
        panic!("{service}: {case:?}")
    }
}

fn is_newer(region: &Region) -> bool {
    NEWER.contains(&region.as_str())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The services that there are cases of.
fn files() -> Option<Vec<String>> {
    let names = std::fs::read_dir(folder()).ok()?.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut services: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".endpoint-tests-1.json").map(str::to_owned)).collect();
    services.sort();
    Some(services)
}

fn read(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(folder().join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Where botocore's files are: where `REGIONMIG_TESTDATA` says, else beside the workspace.
#[expect(clippy::disallowed_methods, reason = "a test finds its data by the environment")]
fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    std::env::var_os("REGIONMIG_TESTDATA").map_or_else(beside, PathBuf::from).join("endpoints")
}
