//! The image that the program with a text's settings runs in.

use highwater_settings::Environment;

fn image(text: &str) -> Option<String> {
    Environment::parse_with_image(text).1
}

#[test]
fn a_service_or_container_has_the_image_of_the_settings_in_it() {
    for (name, text) in [
        (
            "compose, list",
            "services:\n  db:\n    image: postgres:16-bookworm\n    environment: [POSTGRES_DB=x]\n  app:\n    image: a:1\n    environment:\n    - MALLOC_ARENA_MAX=2\n",
        ),
        (
            "compose, the service before another",
            "services:\n  app:\n    image: a:1\n    environment: {MALLOC_ARENA_MAX: 2}\n  db:\n    image: postgres:16-bookworm\n    environment: {X: 1}\n",
        ),
        (
            "compose, settings by an anchor",
            "x-env: &env\n  MALLOC_ARENA_MAX: 2\nservices:\n  app:\n    image: a:1\n    environment: *env\n  db:\n    image: b:1\n",
        ),
        (
            "compose, image by an anchor",
            "x-app: &app\n  image: a:1\nservices:\n  app:\n    <<: *app\n    environment: {MALLOC_ARENA_MAX: 2}\n  db:\n    image: b:1\n",
        ),
        (
            "compose, a command",
            "services:\n  app:\n    image: \"a:${TAG:-1}\"\n    command: env MALLOC_ARENA_MAX=2 /app\n  db: {image: b}\n",
        ),
        (
            "pod",
            "kind: Pod\nspec:\n  containers:\n  - name: app\n    image: a:1\n    env:\n    - {name: MALLOC_ARENA_MAX, value: \"2\"}\n  - {name: log, image: b}\n",
        ),
        (
            "deployment, init containers last",
            "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - env:\n        - name: MALLOC_ARENA_MAX\n          value: \"2\"\n        image: a:1\n      initContainers:\n      - image: b:1\n        env: [{name: MALLOC_ARENA_MAX, value: \"1\"}]\n",
        ),
        (
            "cron job",
            "kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{image: a:1, env: [{name: MALLOC_ARENA_MAX, value: '2'}]}]}}}}}\n",
        ),
        (
            "settings of a config map",
            "kind: ConfigMap\ndata:\n  MALLOC_ARENA_MAX: \"2\"\n---\nkind: Deployment\nspec:\n  template:\n    spec:\n      initContainers:\n      - image: b:1\n      containers:\n      - image: a:1\n        envFrom: [{configMapRef: {name: x}}]\n",
        ),
        (
            "values of a chart",
            "image:\n  repository: a\n  tag: 1\nenv:\n- name: MALLOC_ARENA_MAX\n  value: \"2\"\n",
        ),
        (
            "task definition",
            r#"{"containerDefinitions": [{"name": "log", "image": "b", "environment": []}, {"name": "app", "image": "a:1", "environment": [{"name": "MALLOC_ARENA_MAX", "value": "2"}]}]}"#,
        ),
        (
            "docker inspect",
            r#"[{"Config": {"Env": ["MALLOC_ARENA_MAX=2"], "Image": "a:1"}}]"#,
        ),
        (
            "pipeline whose job has an image of its own",
            "image: b:1\nbuild:\n  script: [make]\ntest:\n  image: a:1\n  variables:\n    MALLOC_ARENA_MAX: 2\n",
        ),
        (
            "pipeline with one image",
            "image: a:1\nbuild:\n  stage: build\n  variables:\n    MALLOC_ARENA_MAX: 2\n",
        ),
    ] {
        assert_eq!(image(text).as_deref(), Some("a:1"), "{name}");
    }
}

#[test]
fn without_settings_it_is_the_one_that_can_be_meant() {
    for text in [
        "services:\n  app:\n    image: a:1\n",
        "services:\n  app:\n    image: a:1\n    environment: {A: 1}\n  db:\n    image: b:1\n",
        "services:\n  app: {image: a:1}\n  worker: {image: a:1}\n",
        "kind: Pod\nspec: {initContainers: [{image: b}], containers: [{image: a:1}]}\n",
        "FROM a:1\nRUN make\n",
    ] {
        assert_eq!(image(text).as_deref(), Some("a:1"), "{text}");
    }
}

#[test]
fn what_is_not_sure_is_none() {
    for text in [
        "services:\n  app: {image: a:1}\n  db: {image: b:1}\n",
        // The image of a service that is built is told elsewhere.
        "services:\n  app:\n    build: .\n    environment: {MALLOC_ARENA_MAX: 2}\n  db: {image: b:1}\n",
        "services:\n  app:\n    image: ubuntu:mine\n    build: {context: .}\n    environment: {MALLOC_ARENA_MAX: 2}\n",
        "services:\n  app:\n    environment: {MALLOC_ARENA_MAX: 2}\n",
        "services:\n  app:\n    environment: {MALLOC_ARENA_MAX: 2}\n  db: {image: b:1}\n",
        "kind: Pod\nspec:\n  containers:\n  - env: [{name: MALLOC_ARENA_MAX, value: '2'}]\n  - image: b:1\n",
        "MALLOC_ARENA_MAX=2\n",
        "",
    ] {
        assert_eq!(image(text), None, "{text}");
    }
}
