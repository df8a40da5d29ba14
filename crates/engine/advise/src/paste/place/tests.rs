use super::*;
use crate::paste::Remedy;
use highwater_simulator::Variable;

fn jemalloc() -> Remedy {
    let set = |name: &str, value: &str| Variable {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    Remedy {
        variables: vec![
            set("LD_PRELOAD", "libjemalloc.so.2"),
            set("MALLOC_CONF", "dirty_decay_ms:0"),
        ],
        installs: Some("apt-get install -y libjemalloc2".to_owned()),
        ..Remedy::default()
    }
}

fn into(file: &str, text: &str) -> String {
    jemalloc().written(&Place::of(file, text))
}

#[test]
fn a_package_is_installed_as_root_where_the_last_stage_has_another_user() {
    let installs = "USER root\nRUN apt-get install -y libjemalloc2\nUSER app:app\n";
    for text in [
        "FROM debian:12\nUSER app:app\nCMD [\"x\"]\n",
        "FROM a AS b\nUSER other\nFROM --platform=linux/amd64 debian:12\nUSER root\nRUN x\nuser app:app\n",
    ] {
        let pasted = into("Dockerfile", text);
        assert!(pasted.starts_with(installs), "{pasted}");
    }
    for text in [
        "FROM debian:12\n",
        "FROM debian:12\nUSER app\nUSER 0:0\n",
        "FROM debian:12 AS build\nUSER app\nFROM debian:12\n",
    ] {
        let pasted = into("Dockerfile", text);
        assert!(pasted.starts_with("RUN apt-get"), "{pasted}");
    }
}

#[test]
fn what_is_appended_to_a_line_without_end_begins_another() {
    assert!(into("Dockerfile", "FROM debian:12\nCMD [\"x\"]").starts_with("\nRUN "));
    assert!(into("Dockerfile", "FROM debian:12\nCMD [\"x\"]\n").starts_with("RUN "));
}

#[test]
fn a_dockerfile_may_be_in_small_letters_and_python_is_none() {
    assert_eq!(
        Form::of("build", "from debian:12 as run\nenv A=1\n"),
        Form::Dockerfile
    );
    assert_eq!(Form::of("conf.py", "from os import environ\n"), Form::Env);
}

#[test]
fn a_list_of_variables_gets_a_list() {
    let list = "services:\n  a:\n    environment:\n      - A=1\n";
    let map = "services:\n  a:\n    environment:\n      A: 1\n";
    assert_eq!(
        into("compose.yaml", list),
        "# In the image, as root: apt-get install -y libjemalloc2\nservices:\n  a:\n    environment:\n      \
         - \"LD_PRELOAD=libjemalloc.so.2\"\n      - \"MALLOC_CONF=dirty_decay_ms:0\"\n"
    );
    assert!(into("compose.yaml", map).contains("      LD_PRELOAD: \""));
    assert!(
        into(
            "compose.yaml",
            "services:\n  a:\n    environment: [A=1]\n    b: 1\n"
        )
        .contains("- \"LD_")
    );
    let own = "services:\n  a:\n    environment:\n      MALLOC_ARENA_MAX: 1\n  b:\n    environment:\n      - A=1\n";
    assert!(into("compose.yaml", own).contains("\n  a:\n    environment:\n      LD_PRELOAD: "));
}

#[test]
fn containers_lie_where_the_object_has_them() {
    let containers = "containers: [{name: api, image: x}]";
    for (manifest, path) in [
        (format!("kind: Pod\nspec:\n  {containers}\n"), "spec:\n"),
        (
            format!("kind: Deployment\nspec:\n  template:\n    spec:\n      {containers}\n"),
            "spec:\n  template:\n    spec:\n",
        ),
        (
            format!(
                "kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          {containers}\n---\nkind: \
                 Service\nspec: {{}}\n"
            ),
            "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n",
        ),
        (
            format!("kind: PodTemplate\ntemplate:\n  spec:\n    {containers}\n"),
            "template:\n  spec:\n",
        ),
        (
            format!("kind: List\nitems:\n- kind: Pod\n  spec:\n    {containers}\n"),
            "spec:\n",
        ),
    ] {
        let pasted = into("x.yaml", &format!("apiVersion: v1\n{manifest}"));
        let depth = "  ".repeat(path.lines().count());
        let expected = format!(
            "{path}{depth}containers:\n{depth}  - name: api\n{depth}    env:\n{depth}      - name: LD_PRELOAD\n{depth}        value: "
        );
        assert!(pasted.contains(&expected), "{manifest}: {pasted}");
        assert!(!pasted.contains("not known"), "{pasted}");
    }
}

#[test]
fn a_template_is_no_yaml_and_that_is_said() {
    let pasted = into(
        "x.yaml",
        "kind: Deployment\nspec:\n  {{- if .Values.a }}\n  a: 1\n  {{- end }}\n",
    );
    assert!(
        pasted.starts_with("# The file is not plain YAML: add these lines to `env`"),
        "{pasted}"
    );
}

#[test]
fn a_script_exports() {
    for (name, text) in [
        ("start.sh", "exec x\n"),
        ("start", "#!/usr/bin/env bash\nexec x\n"),
        (".profile", ""),
        ("vars", "export A=1\n"),
    ] {
        let pasted = into(name, text);
        assert!(
            pasted.contains("\nexport LD_PRELOAD=libjemalloc.so.2\nexport M"),
            "{pasted}"
        );
        assert!(!pasted.contains("not known"), "{pasted}");
    }
}

#[test]
fn an_unknown_form_is_said_and_plain_variables_are_none() {
    let unknown = "# The form of values.yaml is not known: these are plain variables.";
    assert!(into("deploy/values.yaml", "env:\n  A: 1\n").starts_with(unknown));
    for text in ["[uwsgi]\nenv = A=1\n", "{\"a\": 1}", "[env]\nA = \"1\"\n"] {
        assert!(
            into("x", text).contains("The form of x is not known"),
            "{text}"
        );
    }
    // A name may be anything.
    let pasted = into("a\nrm -rf x", "{\"a\": 1}");
    assert!(pasted.starts_with("# The form of a\\nrm -rf"), "{pasted}");
    for text in ["", "A=1\n\n# b\nC=\n", "A=1\0B=2\0"] {
        assert!(!into("x", text).contains("not known"), "{text:?}");
    }
}

#[test]
fn a_units_file_of_variables_wins_and_that_is_said() {
    let unit = "[Service]\nEnvironmentFile=-/etc/default/a\n";
    assert!(into("a.service", unit).contains("EnvironmentFile=: what that file sets wins"));
    assert!(!into("a.service", "[Service]\n").contains("EnvironmentFile"));
}

#[test]
fn the_service_and_the_container_of_the_file_are_named() {
    let compose = |text: &str| {
        into(
            "compose.yaml",
            &format!("# x\nx-of: &backend\n  image: b\nservices:\n{text}volumes:\n  v:\n"),
        )
    };
    for (text, name) in [
        ("  api:\n    image: x\n", "api"),
        ("  \"api\":\n    image: x\n", "api"),
        (
            "  db:\n    image: y\n  api: # the one\n    environment:\n      A: 1\n",
            "api",
        ),
        (
            "    db:\n        environment:\n            A: 1\n    web:\n        environment:\n            - MALLOC_ARENA_MAX=2\n",
            "web",
        ),
        (
            "  db:\n    image: y\n  api: &api\n    environment:\n      A: 1\n",
            "api",
        ),
        (
            "  db: {image: y}\n  api: {environment: [MALLOC_ARENA_MAX=2]}\n",
            "api",
        ),
        ("  \"1\":\n    image: x\n", "\"1\""),
    ] {
        let pasted = compose(text);
        assert!(
            pasted.contains(&format!("services:\n  {name}:\n    env")),
            "{pasted}"
        );
        assert!(!pasted.contains("instead of"), "{pasted}");
    }
    let pasted = compose("  db:\n    image: y\n  api:\n    image: x\n");
    assert!(
        pasted.starts_with("# Which service of the file"),
        "{pasted}"
    );
    let database = "  db:\n    environment:\n      A: 1\n";
    for api in [
        "  api:\n    environment: {}\n",
        "  api:\n    <<: *backend\n",
        "  api: *backend\n",
        "  api:\n    env_file: .env\n",
    ] {
        let pasted = compose(&format!("{database}{api}"));
        assert!(
            pasted.starts_with("# Which service of the file"),
            "{pasted}"
        );
    }

    let manifest = |text: &str| {
        into(
            "x.yaml",
            &format!("kind: Deployment\nspec:\n  template:\n    spec:\n{text}"),
        )
    };
    let one = "      initContainers:\n      - name: wait\n        env: []\n      containers:\n      - image: x\n        ports:\n        \
               - name: http\n        name: api\n      volumes:\n      - name: v\n";
    let two = "      containers:\n        - name: proxy\n          image: y\n        - name: api\n          env:\n            - name: \
               LD_PRELOAD\n              value: x\n";
    for text in [one, two] {
        let pasted = manifest(text);
        assert!(
            pasted.contains("      containers:\n        - name: api\n"),
            "{pasted}"
        );
        assert!(!pasted.contains("instead of"), "{pasted}");
    }
    let pasted = manifest("      containers:\n        - name: a\n        - name: b\n");
    assert!(
        pasted.starts_with("# Which container of the file"),
        "{pasted}"
    );
}

/// The lines of a change that are JSON, without the remarks before them.
fn json(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("# "));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_manifest_in_json_gets_json_under_its_own_keys() {
    let manifest = r#"{"apiVersion":"batch/v1","kind":"CronJob","spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[
        {"name":"proxy","image":"x"},
        {"name":"web","image":"y","env":[{"name":"MALLOC_ARENA_MAX","value":"2"}]}]}}}}}}"#;
    let pasted = into("cron.json", manifest);
    assert!(
        pasted.starts_with("# In the image, as root: apt-get"),
        "{pasted}"
    );
    let expected = r#"{
  "spec": {
    "jobTemplate": {
      "spec": {
        "template": {
          "spec": {
            "containers": [
              {
                "name": "web",
                "env": [
                  { "name": "LD_PRELOAD", "value": "libjemalloc.so.2" },
                  { "name": "MALLOC_CONF", "value": "dirty_decay_ms:0" }
                ]
              }
            ]
          }
        }
      }
    }
  }
}
"#;
    assert_eq!(json(&pasted), expected);
}

#[test]
fn a_task_definition_gets_the_environment_of_its_container() {
    let expected = |before: &str, indent: &str, after: &str| {
        format!(
            "{before}{indent}{{\n{indent}  \"name\": \"web\",\n{indent}  \"environment\": [\n\
            {indent}    {{ \"name\": \"LD_PRELOAD\", \"value\": \"libjemalloc.so.2\" }},\n\
            {indent}    {{ \"name\": \"MALLOC_CONF\", \"value\": \"dirty_decay_ms:0\" }}\n\
            {indent}  ]\n{indent}}}\n{after}"
        )
    };
    for (text, expected) in [
        (
            r#"{"family":"app","containerDefinitions":[{"name":"web","image":"y"}]}"#,
            expected("{\n  \"containerDefinitions\": [\n", "    ", "  ]\n}\n"),
        ),
        (
            r#"{"taskDefinition":{"containerDefinitions":[{"name":"log","image":"x"},{"name":"web","environment":[]}]}}"#,
            expected(
                "{\n  \"taskDefinition\": {\n    \"containerDefinitions\": [\n",
                "      ",
                "    ]\n  }\n}\n",
            ),
        ),
        (
            r#"[{"name":"web","image":"y","essential":true}]"#,
            expected("[\n", "  ", "]\n"),
        ),
    ] {
        assert_eq!(json(&into("task.json", text)), expected, "{text}");
    }
    // Other JSON has no form of its own.
    for text in [r#"{"env":{"A":"1"}}"#, "[1, 2]", "{}"] {
        assert!(into("x.json", text).contains("is not known"), "{text}");
    }
}

#[test]
fn a_place_is_called_what_it_is() {
    for (path, text, title) in [
        ("Dockerfile", "FROM x\n", "Dockerfile"),
        ("", "services:\n  app: {}\n", "Compose service"),
        ("", "kind: Pod\n", "Kubernetes container"),
        (
            "",
            r#"{"kind":"Pod","spec":{"containers":[{"name":"web"}]}}"#,
            "Kubernetes container, JSON",
        ),
        (
            "",
            r#"{"containerDefinitions":[{"name":"a"}]}"#,
            "ECS task definition",
        ),
        ("", r#"[{"name":"web","image":"y"}]"#, "ECS task definition"),
        ("", "export A=1\n", "shell script"),
        ("", "A=1\n", "plain variables"),
        // Other JSON gets plain variables.
        ("", r#"{"env":{"A":"1"}}"#, "plain variables"),
    ] {
        assert_eq!(Place::of(path, text).title(), title, "{text}");
    }
}

#[test]
fn where_no_container_of_a_task_is_sure_it_is_said() {
    let text = r#"{"containerDefinitions":[{"name":"a"},{"name":"b"}]}"#;
    let pasted = into("task.json", text);
    assert!(pasted.contains("Which container of the file"), "{pasted}");
    assert!(pasted.contains("\"name\": \"app\""), "{pasted}");
}
