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
        (
            "job with a container and services",
            "jobs:\n  test:\n    runs-on: ubuntu-24.04\n    container: a:1\n    env: {MALLOC_ARENA_MAX: 2}\n    services:\n      db: {image: b:1, env: {X: 1}}\n    steps: [{run: make}]\n",
        ),
        (
            "job whose step has the setting",
            "jobs:\n  test:\n    container: {image: a:1, env: {X: 1}}\n    steps: [{run: make, env: {MALLOC_ARENA_MAX: 2}}]\n",
        ),
        (
            "job of containers, the first of which runs the steps",
            "jobs:\n  test:\n    docker:\n    - image: a:1\n    - image: b:1\n      environment: {X: 1}\n    environment: {MALLOC_ARENA_MAX: 2}\n    steps: [checkout]\n",
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
        // A job that runs on the machine.
        "jobs:\n  test:\n    env: {MALLOC_ARENA_MAX: 2}\n    services: {db: {image: b:1}}\n    steps: [{run: make}]\n",
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

fn any_image(text: &str) -> Option<String> {
    Environment::parse_with_any_image(text).1
}

#[test]
fn a_command_that_starts_a_container_names_the_image_of_the_settings_in_it() {
    for text in [
        "docker run -e MALLOC_ARENA_MAX=2 a:1\n",
        "$ sudo docker run --rm -it -p 80:80 -v \"$PWD:/src\" -e MALLOC_ARENA_MAX=2 --name web a:1 python app.py --x y\n",
        "docker run -d --env=MALLOC_ARENA_MAX=2 --env-file .env --memory 1g a:1\n",
        "docker run -eMALLOC_ARENA_MAX=2 -itd a:1 sh\n",
        "docker run \\\n  --rm \\\n  -e MALLOC_ARENA_MAX=2 \\\n  a:1 \\\n  python app.py\n",
        "docker run ^\n  -e MALLOC_ARENA_MAX=2 ^\n  a:1\n",
        "docker run `\n  -e MALLOC_ARENA_MAX=2 `\n  a:1\n",
        "docker --context far -D container run -e MALLOC_ARENA_MAX=2 a:1\n",
        "podman --remote create --replace --tls-verify -e MALLOC_ARENA_MAX=2 a:1\n",
        "/usr/local/bin/nerdctl -n k8s.io run -e MALLOC_ARENA_MAX=2 a:1\n",
        "docker service create --replicas 2 --with-registry-auth -e MALLOC_ARENA_MAX=2 a:1\n",
        "docker run a:1 env MALLOC_ARENA_MAX=2 python app.py\n",
        "docker run -e A=1 b:1\ndocker run -e MALLOC_ARENA_MAX=2 a:1\ndocker run b:1\n",
        "id=$(docker run -d -e MALLOC_ARENA_MAX=2 a:1)\n",
        "ssh host 'docker run -e MALLOC_ARENA_MAX=2 a:1 sh -c \"x y\"'\n",
        "Start it by `docker run -e MALLOC_ARENA_MAX=2 a:1` and wait.\n",
        // Variables of a shell and of make.
        "IMAGE=a:1\nOPTS='--rm -it'\ndocker run $OPTS -e MALLOC_ARENA_MAX=2 \"$IMAGE\"\n",
        "docker run \"$@\" -e MALLOC_ARENA_MAX=2 ${DOCKER_ARGS} a:${TAG:-1}\n",
        "TAG ?= 1\nIMAGE := a:$(TAG)\nDOCKER ?= podman\n\nrun:\n\t@$(DOCKER) run -e MALLOC_ARENA_MAX=2 $(IMAGE)\n",
        "run:\n\t-$(DOCKER) run -e MALLOC_ARENA_MAX=2 a:1\n",
        // Units of systemd.
        "[Service]\nExecStartPre=-/usr/bin/docker rm -f web\nExecStart=/usr/bin/docker run --rm --name web \\\n  -e MALLOC_ARENA_MAX=2 \\\n  a:1\n",
        "[Service]\nEnvironment=MALLOC_ARENA_MAX=2\nExecStart=/usr/bin/podman run --rm -e MALLOC_ARENA_MAX a:1\n",
        // What a program starts.
        "subprocess.run([\"docker\", \"run\", \"-e\", \"MALLOC_ARENA_MAX=2\", \"a:1\"])\n",
        "kubectl run web --image=a:1 --env=MALLOC_ARENA_MAX=2\n",
        "gcloud run deploy web --image a:1 --set-env-vars MALLOC_ARENA_MAX=2\n",
        "singularity exec --env MALLOC_ARENA_MAX=2 docker://a:1 python app.py\n",
        "srun --container-image=a:1 --export=MALLOC_ARENA_MAX=2 python app.py\n",
        // A document's commands, and not the image that they run in.
        "image: docker:27\ntest:\n  script:\n  - docker run -e MALLOC_ARENA_MAX=2 a:1\n",
        // What is built in the text.
        "FROM a:1\nRUN make\n\n$ docker build -t mine .\n$ docker run -e MALLOC_ARENA_MAX=2 mine\n",
    ] {
        assert_eq!(any_image(text).as_deref(), Some("a:1"), "{text}");
    }
}

#[test]
fn without_settings_in_a_command_all_must_name_the_same_image() {
    assert_eq!(
        any_image("export MALLOC_ARENA_MAX=2\ndocker run --env-file x a:1\n").as_deref(),
        Some("a:1")
    );
    for text in [
        "MALLOC_ARENA_MAX=2\ndocker run b:1\ndocker run a:1\n",
        "# docker run -e MALLOC_ARENA_MAX=2 a:1\nMALLOC_ARENA_MAX=2\n",
        "docker exec -e MALLOC_ARENA_MAX=2 web python\n",
        "docker compose run -e MALLOC_ARENA_MAX=2 web\n",
        "docker-compose run -e MALLOC_ARENA_MAX=2 web\n",
        "docker run -e MALLOC_ARENA_MAX=2 <image>\n",
        "docker run -e MALLOC_ARENA_MAX=2 IMAGE\n",
        "docker run -e MALLOC_ARENA_MAX=2 ...\n",
        "docker run -e MALLOC_ARENA_MAX=2\n",
        "podman run -e MALLOC_ARENA_MAX=2 --rootfs /srv/root\n",
        // Built from a file that is not there.
        "docker build -t mine .\ndocker run -e MALLOC_ARENA_MAX=2 mine\n",
    ] {
        assert_eq!(any_image(text), None, "{text}");
    }
}

#[test]
fn the_smallest_block_with_settings_and_an_image_says_which_belong_together() {
    for text in [
        "[Container]\nImage=a:1\nEnvironment=MALLOC_ARENA_MAX=2\n",
        "job \"x\" {\n  task \"app\" {\n    config {\n      image = \"a:1\"\n    }\n    env {\n      MALLOC_ARENA_MAX = 2\n    }\n  }\n  task \"log\" {\n    config { image = \"b:1\" }\n  }\n}\n",
        "resource \"aws_ecs_task_definition\" \"x\" {\n  container_definitions = jsonencode([\n    { name = \"log\", image = \"b:1\" },\n    {\n      image       = \"a:1\"\n      environment = [{ name = \"MALLOC_ARENA_MAX\", value = \"2\" }]\n    },\n  ])\n}\n",
        "container {\n  image = \"a:1\" # \"the\n  env {\n    name  = \"MALLOC_ARENA_MAX\"\n    value = \"2\"\n  }\n}\n",
        "// ours\n{\n  // \"image\": \"b:1\",\n  \"image\": \"a:1\",\n  \"containerEnv\": { \"MALLOC_ARENA_MAX\": \"2\" },\n}\n",
        "new Container({ image: 'a:1', environment: { MALLOC_ARENA_MAX: '2' } });\n",
    ] {
        assert_eq!(any_image(text).as_deref(), Some("a:1"), "{text}");
    }
    for text in [
        "container {\n  image = var.image\n  env { MALLOC_ARENA_MAX = 2 }\n}\n",
        "task \"a\" { config { image = \"a:1\" } }\ntask \"b\" { config { image = \"b:1\" } }\nlocals { MALLOC_ARENA_MAX = 2 }\n",
        "MALLOC_ARENA_MAX=2 # the image: large\n",
        "web: MALLOC_ARENA_MAX=2 gunicorn app:app\n",
    ] {
        assert_eq!(any_image(text), None, "{text}");
    }
}

#[test]
fn a_text_may_end_anywhere() {
    let text = "é=1\nIMAGE=é:$(TAG)\n\"$(docker run -e MALLOC_ARENA_MAX=2 é$IMAGE)\" `podman\n{image = \"é:1\" [MALLOC_CONF: 'é'}\n";
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        let (read, _) = Environment::parse_with_any_image(&text[..end]);
        assert_eq!(read, Environment::parse(&text[..end]));
    }
}
