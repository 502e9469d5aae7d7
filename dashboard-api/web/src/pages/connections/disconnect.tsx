// Ends the access, and asks what becomes of what was read.
import { useState } from 'react'
import { connectionsQuery } from '../../api/queries'
import { ANSWERS } from '../../api/keys'
import { disconnect } from '../../api/sources'
import type { Connection } from '../../api/types'
import { Check } from '../../parts/check'
import { Confirm } from '../../parts/confirm'
import { useAction } from '../../parts/use-action'

export function Disconnect({ connection }: { connection: Connection }) {
  const [erase, setErase] = useState(false)
  const action = useAction(() => disconnect(connection.id, erase), {
    refresh: [connectionsQuery.queryKey, [ANSWERS]],
  })
  return (
    <Confirm
      label="Disconnect"
      title={`Disconnect PagerDuty · ${connection.subdomain}?`}
      confirm={erase ? 'Disconnect and erase' : 'Disconnect'}
      keep="Keep it connected"
      action={action}
    >
      <p>
        The stored access is destroyed and no further data is fetched. To read again, an administrator has
        to consent again.
      </p>
      <Check checked={erase} onChange={setErase}>
        Also erase everything that was read
      </Check>
      <p>
        {erase
          ? 'Figures, history, recommendations and evidence of this account are erased 30 days from now; Reconnect before then keeps them.'
          : 'Figures and history read so far stay, as of the last sync.'}
      </p>
    </Confirm>
  )
}
