resource "aws_ecs_task_definition" "app" {
  family = "app"
  container_definitions = jsonencode([{
    name  = "app"
    image = var.image
    environment = [
      { name = "MALLOC_ARENA_MAX", value = tostring(2) },
      { name = "MALLOC_TOP_PAD_", value = var.pad },
      { name = "SECRET", value = var.secret },
    ]
  }])
}
