//! What Redis says it drops when its memory is full.

use redis::Value;

/// The policies in an answer to `INFO memory`: one of a server, or one for each node of a cluster.
pub(super) fn policies(answer: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    collect(answer, &mut texts);
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.trim_end().strip_prefix("maxmemory_policy:"))
        .map(str::to_owned)
        .collect()
}

fn collect(answer: &Value, texts: &mut Vec<String>) {
    match answer {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => texts.push(text.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, texts)),
        Value::Map(entries) => entries.iter().for_each(|(_, part)| collect(part, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_heard() {
        let info = |policy: &str| {
            let text = format!("# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:{policy}\r\n");
            Value::BulkString(text.into_bytes())
        };
        assert_eq!(policies(&info("noeviction")), ["noeviction"]);
        let node = |name: &str| Value::SimpleString(name.to_owned());
        let cluster = Value::Map(vec![
            (node("a:7000"), info("noeviction")),
            (node("b:7001"), info("allkeys-lru")),
        ]);
        assert_eq!(policies(&cluster), ["noeviction", "allkeys-lru"]);
        assert!(policies(&Value::Nil).is_empty());
    }
}
