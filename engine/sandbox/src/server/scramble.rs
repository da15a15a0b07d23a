//! Answers in another order than the client would like, and with parts told twice.

use serde::Deserialize;
use serde_json::Value;

use super::http::{Content, Reply};

/// Lists that clients find the parts of an answer in.
const LISTS: [&str; 3] = ["responses", "results", "value"];

/// How the parts of an answer are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Scramble {
    /// In reverse order.
    Reversed,
    /// Each of them twice.
    Twice,
}

impl Scramble {
    /// The answer with its parts told so.
    pub(super) fn apply(self, mut reply: Reply) -> Reply {
        let Content::Json(Value::Object(body)) = &mut reply.content else { return reply };
        for list in LISTS {
            if let Some(Value::Array(parts)) = body.get_mut(list) {
                match self {
                    Scramble::Reversed => parts.reverse(),
                    Scramble::Twice => parts.extend_from_within(..),
                }
            }
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_are_told_in_another_way() {
        let check = |scramble: Scramble, expected: Value| {
            let reply = scramble.apply(Reply::json(200, json!({ "value": [1, 2], "results": [], "more": [1, 2] })));
            let Content::Json(body) = reply.content else { panic!() };
            assert_eq!(body, expected, "{scramble:?}");
        };
        check(Scramble::Reversed, json!({ "value": [2, 1], "results": [], "more": [1, 2] }));
        check(Scramble::Twice, json!({ "value": [1, 2, 1, 2], "results": [], "more": [1, 2] }));
        assert!(matches!(Scramble::Twice.apply(Reply::empty(204)).content, Content::Empty));
    }
}
