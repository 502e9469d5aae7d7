// The product's name and mark.
import { Link } from '@tanstack/react-router'
import { MarkIcon } from '../parts/icons'
import classes from './frame.module.css'

export function Product() {
  return (
    <Link to="/" className={classes.product ?? ''} aria-label="Quolum for PagerDuty, overview">
      <MarkIcon />
      <span>
        Quolum <span className={classes.productFor}>for PagerDuty</span>
      </span>
    </Link>
  )
}
