//! The worked examples of `default-rules.md` 11, each a test of its own, and what can be wrong with examples.

use std::path::Path;
use std::sync::OnceLock;

use super::*;

fn worked() -> &'static ExampleFile {
    static FILE: OnceLock<ExampleFile> = OnceLock::new();
    FILE.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/default-rule-cases.json");
        ExampleFile::read(&std::fs::read_to_string(path).unwrap()).unwrap()
    })
}

fn check(id: &str) {
    let example = worked().examples.iter().find(|example| example.id == id).unwrap();
    let differences: Vec<String> = run(example, None).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(differences.join("\n"), "", "{}", example.title);
}

macro_rules! worked_examples {
    ($($name:ident $id:literal)*) => {
        $(#[test] fn $name() { check($id); })*

        #[test]
        fn every_worked_example_is_a_test() {
            let ids: Vec<&str> = worked().examples.iter().map(|example| example.id.as_str()).collect();
            assert_eq!(ids, [$($id),*]);
        }
    };
}

worked_examples! {
    u01 "U01" u02 "U02" u03 "U03" u04 "U04" u05 "U05" u06 "U06" u07 "U07" u08 "U08" u09 "U09" u10 "U10" u11 "U11" u12 "U12"
    u13 "U13" u14 "U14" u15 "U15" u16 "U16" u17 "U17" u18 "U18" u19 "U19" u20 "U20" u21 "U21" u22 "U22" u23 "U23" u24 "U24"
    k01 "K01" k02 "K02" k03 "K03" k04 "K04" k05 "K05" k06 "K06" k07 "K07"
    g01 "G01" g02 "G02" g03 "G03" g04 "G04" g05 "G05" g06 "G06" g07 "G07" g08 "G08" g09 "G09" g10 "G10" g11 "G11" g12 "G12"
    g13 "G13"
    d01 "D01" d02 "D02"
    f01 "F01" f02 "F02"
    w01 "W01" w02 "W02"
}

/// Tries an example that changes some of these: one user of contoso.com.
fn differences(changes: &[(&str, serde_json::Value)]) -> Result<Vec<String>, String> {
    let mut case = serde_json::json!({
        "id": "X1",
        "input": [{
            "id": "X", "type": "user", "dn": "CN=Ada,OU=Staff,DC=contoso,DC=com",
            "attrs": {
                "cn": "Ada", "sAMAccountName": "ada", "userAccountControl": 512,
                "objectGUID": "guid:3f2504e0-4f89-11d3-9a0c-0305e82c1001", "objectSid": "sid:S-1-5-21-1-2-3-1104",
                "proxyAddresses": ["SMTP:ada@contoso.com"]
            }
        }],
        "expect": {}
    });
    for (pointer, value) in changes {
        let (place, name) = pointer.rsplit_once('/').unwrap();
        case.pointer_mut(place).unwrap()[name] = value.clone();
    }
    let text = serde_json::json!({ "format": "default-rule-cases/1", "cases": [case] }).to_string();
    let file = ExampleFile::read(&text).map_err(|fault| fault.to_string())?;
    let found = run(&file.examples[0], None).map_err(|error| error.to_string())?;
    Ok(found.iter().map(ToString::to_string).collect())
}

#[test]
fn what_the_cloud_does_not_tell_takes_nothing_away_on_premises() {
    let confirmed = serde_json::json!([{ "id": "X", "cloud": { "cloudMSExchRecipientDisplayType": 0 } }]);
    let expect = serde_json::json!({ "onPremisesPendingExport": {} });
    assert_eq!(differences(&[("/afterExportConfirmedWith", confirmed), ("/expect", expect)]), Ok(vec![]));
}

#[test]
fn differences_name_place_and_both_sides() {
    let check = |expect: serde_json::Value, expected: &str| {
        let found = differences(&[("/expect", expect.clone())]).unwrap_or_else(|fault| vec![fault]);
        assert_eq!(found.join("\n"), expected, "{expect}");
    };
    let contains = |attributes: serde_json::Value| serde_json::json!({ "metaverseContains": { "X": { "attrs": attributes } } });
    check(contains(serde_json::json!({ "cn": "Ada", "accountEnabled": true })), "");
    check(contains(serde_json::json!({ "cn": "Eve" })), "metaverse X, cn: expected \"Eve\", found \"Ada\"");
    check(
        contains(serde_json::json!({ "mail": "ada@contoso.com" })),
        "metaverse X, mail: expected \"ada@contoso.com\", found nothing",
    );
    check(contains(serde_json::json!({ "surname": "x" })), "metaverse X, surname: expected \"x\", found no such attribute");
    check(
        contains(serde_json::json!({ "memberCount": 1, "manager": { "count": 1 } })),
        "metaverse X, manager: expected 1 references that lead nowhere, found 0 and nothing\n\
         metaverse X, memberCount: expected 1, found nothing",
    );
    let whole = serde_json::json!({ "metaverse": { "X": { "type": "group", "attrs": {} } } });
    let found = differences(&[("/expect", whole)]).unwrap();
    assert_eq!(found[0], "metaverse X, type: expected group, found person");
    assert!(found.iter().any(|line| line == "metaverse X, cn: expected nothing, found \"Ada\""), "{found:?}");
    check(serde_json::json!({ "metaverse": null }), "metaverse: expected nothing else, found X");
    check(serde_json::json!({ "cloud": null }), "cloud: expected nothing else, found X");
    check(
        serde_json::json!({ "connectorSpace": { "X": { "inScope": ["User Join"], "link": "mail=mail" } } }),
        "X, rules in scope: expected User Join, found User Join, User AccountEnabled, User Common, User Lync\n\
         X, link: expected mail=mail, found projected",
    );
    check(serde_json::json!({ "cloud": { "X": { "error": ["r: a: no"] } } }), "cloud X, error: expected r: a: no, found none");
}

#[test]
fn faults_of_an_example_are_told_all_at_once() {
    let check = |changes: &[(&str, serde_json::Value)], expected: &[&str]| {
        let fault = differences(changes).unwrap_err();
        for words in expected {
            assert!(fault.contains(words), "{words} in {fault}");
        }
    };
    check(&[("/expect", serde_json::json!({ "metavers": {} }))], &["unknown field `metavers`", "line 1"]);
    check(
        &[
            (
                "/expect",
                serde_json::json!({ "connectorSpace": { "Y": {} }, "metaverse": { "X+Z": { "attrs": {} } }, "cloudStaging": [] }),
            ),
            ("/thenChange", serde_json::json!([{ "id": "W", "attrs": {} }])),
        ],
        &[
            "connectorSpace names object \"Y\"",
            "metaverse names object \"Z\"",
            "thenChange names object \"W\"",
            "needs \"order\"",
        ],
    );
    check(
        &[
            ("/input/0/attrs/userAccountControl", serde_json::json!("512")),
            ("/input/0/attrs/mailNicknam", serde_json::json!("ada")),
            ("/input/0/attrs/cn", serde_json::json!(["a", "b"])),
        ],
        &[
            "object X: \"512\" is no value for userAccountControl, which is integer",
            "object X: type user has no attribute \"mailNicknam\"",
            "object X: attribute \"cn\" holds one value, not 2",
        ],
    );
    check(&[("/input/0/dn", serde_json::json!("CN=Ada,DC=fabrikam,DC=com"))], &["lies in no partition", "DC=contoso,DC=com"]);
    check(&[("/input/0/connector", serde_json::json!("fabrikam.com"))], &["no forest \"fabrikam.com\"; there are: contoso.com"]);
    check(&[("/input/0/type", serde_json::json!("person"))], &["no object type \"person\""]);
    let other = ExampleFile::read(r#"{ "format": "cases/9", "cases": [] }"#).unwrap_err();
    assert!(other.to_string().contains("default-rule-cases/1 and rule-cases/1"), "{other}");
}
