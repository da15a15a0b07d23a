//! Names of tenant objects: a distinguished name made of the source anchor.

use crate::model::Dn;

/// The DN of the object with this source anchor, or cloud anchor when it has no source anchor: the
/// anchor's bytes in hexadecimal.
#[must_use]
pub fn dn_of_anchor(anchor: &str) -> String {
    format!("CN={{{}}}", hex::encode_upper(anchor))
}

/// The anchor behind a DN; `None` when the DN is not of that form.
#[must_use]
pub fn anchor_of_dn(dn: &str) -> Option<String> {
    let dn = Dn::parse(dn).ok().filter(|dn| dn.depth() == 1)?;
    let rdn = dn.rdn().filter(|rdn| rdn.attribute.eq_ignore_ascii_case("CN"))?;
    let digits = rdn.value.strip_prefix('{')?.strip_suffix('}')?;
    String::from_utf8(hex::decode(digits).ok()?).ok().filter(|anchor| !anchor.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scenario_20_names_and_anchors_of_the_original() {
        let check = |anchor: &str, dn: &str| {
            assert_eq!(dn_of_anchor(anchor), dn);
            assert_eq!(anchor_of_dn(dn).as_deref(), Some(anchor));
        };
        check("x4V0iaeB60KXxjftcwd7Hw==", "CN={783456306961654236304B58786A66746377643748773D3D}");
        check("GGhsjYwBEU+buBsE4sqhtg==", "CN={474768736A59774245552B62754273453473716874673D3D}");
    }

    #[test]
    fn other_names_have_no_anchor() {
        let check = |dn: &str| assert_eq!(anchor_of_dn(dn), None, "{dn}");
        check("");
        check("CN=Ada,DC=contoso,DC=com");
        check("CN={7834},DC=x");
        check("OU={7834}");
        check("CN={783}");
        check("CN={xx}");
        check("CN={}");
        check("CN={FF}");
        assert_eq!(anchor_of_dn("cn={6162}").as_deref(), Some("ab"));
    }

    proptest! {
        #[test]
        fn any_anchor_reads_back(anchor in "\\PC{1,64}") {
            prop_assert_eq!(anchor_of_dn(&dn_of_anchor(&anchor)), Some(anchor));
        }
    }
}
