variable "malloc_arena_max" {
  default = 4
}
resource "google_cloud_run_service" "app" {
  template {
    spec {
      containers {
        env {
          name = "MALLOC_TRIM_THRESHOLD_"
          value_from {
            secret_key_ref { name = "x" }
          }
        }
        env {
          value = "1"
          name  = "MALLOC_ARENA_MAX"
        }
      }
    }
  }
}
