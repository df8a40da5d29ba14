//! Messages to an embedded view that were made wrong: it goes on, and answers right.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    built_page,
    drawn::{AT_ONCE, ODD, asked, damaged},
    embedding::{around, serve},
    page::View,
    random_use::Numbers,
    visit_folder,
};

/// A message, right or nearly so.
fn message(numbers: &mut Numbers) -> Value {
    let odd = |numbers: &mut Numbers| match numbers.below(10) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(1e308),
        3 => json!(u64::MAX),
        4 => json!({ "length": 3, "0": "x", "highwater": 1 }),
        5 => json!([["events", "1"], "x", {}]),
        6 => json!("x\no9 0\nz1 0"),
        7 => json!("A=1\n".repeat(1 + numbers.below(30_000))),
        8 => json!(true),
        _ => json!(numbers.of(&ODD)),
    };
    let scenario = numbers.of(&["decay", "environment", "bundled", "nosuch", "decay\no9 0"]);
    let mut message = match numbers.below(7) {
        0 | 1 => json!({ "type": "set", "scenario": scenario,
                         "parameters": { "events": 40, "nosuch": 1 }, "environment": "MALLOC_ARENA_MAX=2" }),
        2 => {
            json!({ "type": "set", "link": format!("?scenario={scenario}&events=30&variant=B&at=1") })
        }
        3 => json!({ "type": "set", "link": damaged(numbers) }),
        4 => json!({ "type": "seek", "seconds": numbers.below(90) }),
        5 => json!({ "type": "play", "playing": numbers.below(2) == 0 }),
        _ => json!({ "type": "theme", "theme": "dark" }),
    };
    message["highwater"] = json!(1);
    if let Some(fields) = message.as_object_mut() {
        for _ in 0..numbers.below(3) {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = names[numbers.below(names.len())].clone();
            match numbers.below(5) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(numbers.of(&ODD).to_owned(), odd(numbers))),
                2 => {
                    let at = format!("p{}", numbers.below(100));
                    let parameters: Value = (0..numbers.below(200))
                        .map(|at| (format!("n{at}"), odd(numbers)))
                        .collect::<serde_json::Map<_, _>>()
                        .into();
                    fields.insert(at, odd(numbers));
                    fields.insert("parameters".to_owned(), parameters);
                }
                _ => drop(fields.insert(name, odd(numbers))),
            }
            if fields.is_empty() {
                break;
            }
        }
    }
    message
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn messages_made_wrong_leave_a_view_that_answers_right() -> Result<()> {
    let built = built_page()?;
    let (many, mut numbers) = asked()?;
    let (_site, address) = serve(&built)?;
    let folder = around(&format!(
        "<iframe width=640 height=400 src='{address}?embed=1&scenario=decay&events=30'></iframe>
         <script>
           const ask = {{ type: 'set', scenario: 'decay', parameters: {{ events: 40 }}, environment: 'MALLOC_ARENA_MAX=2' }};
           const of = (result) => result?.scenario === 'decay' && result.error === null
             ? JSON.stringify(result.variants) : '';
           const strange = [undefined, NaN, 'x', 1n, new Date(), new Map([['highwater', 1]]), new ArrayBuffer(8),
             {{ highwater: 1, type: 'seek', seconds: NaN }}, {{ highwater: 1, type: 'seek', seconds: Infinity }},
             {{ highwater: 1, type: 'seek', seconds: -Infinity }}, {{ highwater: 1n, type: 'play' }}];
           strange[5].self = strange;
         </script>"
    ))?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        page.evaluate("window.post = (data) => document.querySelector('iframe').contentWindow.postMessage(data, '*')")?;
        page.wait_until("the first result", || {
            Ok(page.evaluate("return Boolean(of(last()))")? == true)
        })?;
        page.evaluate("heard.length = 0; say(ask)")?;
        page.wait_until("an answer", || {
            Ok(page.evaluate("return Boolean(of(last())?.includes('peak'))")? == true)
        })?;
        page.evaluate("window.right = of(last())")?;
        let mut sent = 0;
        while sent < many {
            let part: Vec<Value> = (0..AT_ONCE).map(|_| message(&mut numbers)).collect();
            sent += part.len();
            page.evaluate_with(
                "for (const data of arguments[0]) post(data);
                 for (const data of strange) post(data);
                 heard.length = 0;
                 say(ask);",
                vec![part.clone().into()],
            )?;
            let answered = page.wait_until("the right answer", || {
                Ok(page.evaluate("return of(last()) === right")? == true)
            });
            answered.with_context(|| {
                let last = page.evaluate("return JSON.stringify(last() ?? heard.at(-1)?.data)");
                let part = Value::from(part).to_string();
                let part: String = part.chars().take(4000).collect();
                format!("after {sent}: {last:?}\n{part}")
            })?;
        }
        let stopped = page.evaluate("return heard.some((one) => one.data.type === 'stopped')")?;
        ensure!(stopped == false, "the view stopped");
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}
