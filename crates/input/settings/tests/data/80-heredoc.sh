sudo tee /etc/default/app > /dev/null <<EOF
MALLOC_ARENA_MAX=2
MALLOC_TRIM_THRESHOLD_=131072
API_KEY=$API_KEY
EOF
cat > /etc/systemd/system/app.service.d/override.conf <<'EOF'
[Service]
Environment=MALLOC_TOP_PAD_=0
EOF
unset MALLOC_TRIM_THRESHOLD_
