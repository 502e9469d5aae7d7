// What cannot be taken back: ending a connection with everything read through it.
import { useQuery } from '@tanstack/react-query'
import { connectionsQuery } from '../../api/queries'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Disconnect } from '../connections/disconnect'

export function DangerZone() {
  const query = useQuery(connectionsQuery)
  return (
    <Panel title="Danger zone">
      <Loaded query={query} label="the connections">
        {(connections) => {
          const open = connections.filter(({ state }) => state !== 'disconnected')
          return (
            <div className={parts.stack}>
              <p>
                Disconnecting destroys the stored access. With “also erase”, figures, history,
                recommendations and evidence of the account go with it.
              </p>
              {open.length === 0 && <p className={parts.dim}>Nothing is connected.</p>}
              {open.map((connection) => (
                <div key={connection.id} className={parts.toolbar}>
                  <strong>PagerDuty · {connection.subdomain}</strong>
                  <Disconnect connection={connection} />
                </div>
              ))}
            </div>
          )
        }}
      </Loaded>
    </Panel>
  )
}
