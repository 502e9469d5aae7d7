import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

/**
 * The color scheme has to be set before the first paint, so its script must block; the page's
 * content policy allows no inline script, so it is a hashed file of its own.
 */
function colorSchemeScript(): Plugin {
  const source = readFileSync(new URL('./src/color-scheme.js', import.meta.url), 'utf8')
  const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8)
  const fileName = `assets/color-scheme-${hash}.js`
  return {
    name: 'color-scheme-script',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source })
    },
    transformIndexHtml() {
      return [{ tag: 'script', attrs: { src: `/${fileName}` }, injectTo: 'head-prepend' }]
    },
  }
}

export default defineConfig({
  plugins: [react(), colorSchemeScript()],
  build: { target: 'es2023', cssTarget: 'chrome123', assetsInlineLimit: 0, chunkSizeWarningLimit: 600 },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/connect': 'http://127.0.0.1:8080' } },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.{ts,tsx}'],
    setupFiles: ['tests/setup.ts'],
  },
})
